"""What is collected where: examples in modules that need PyTorch are left out without it."""

from importlib.util import find_spec

SNIP = "eqdisc/proposers/snip"

collect_ignore = [] if find_spec("torch") else [f"{SNIP}/model.py", f"{SNIP}/pretrain"]
