"""A network and a bank in place of those shipped."""

import numpy as np
import pytest

from eqdisc.expr.parse import parse
from eqdisc.proposers.snip import knowledge
from eqdisc.proposers.snip import weights as files
from eqdisc.proposers.snip.architecture import SIZES, initial
from eqdisc.proposers.snip.bank import Bank, digest_of
from eqdisc.proposers.snip.network import Network
from tests.proposers.snip.small import NAMES, SKELETONS


@pytest.fixture(scope="session")
def shipped_files(tmp_path_factory):
    """Weights that learned nothing, and a bank embedded by them."""
    folder = tmp_path_factory.mktemp("shipped")
    sizes = SIZES["small"]
    (folder / "weights.npz").write_bytes(
        files.packed(initial(sizes, np.random.default_rng(0)), sizes, {"trained": False})
    )
    network = Network.read(folder / "weights.npz")
    laws = [parse(text, NAMES) for text in SKELETONS]
    bank = Bank.of(
        laws, [1] * len(laws), network.embed_expressions(laws), digest_of(folder / "weights.npz")
    )
    bank.write(folder / "bank.npz")
    return folder / "weights.npz", folder / "bank.npz"


@pytest.fixture
def shipped(shipped_files, monkeypatch):
    """The same as if they came with the package."""
    monkeypatch.setattr(knowledge, "WEIGHTS_FILE", shipped_files[0])
    monkeypatch.setattr(knowledge, "BANK_FILE", shipped_files[1])
    return shipped_files


@pytest.fixture
def nothing_shipped(tmp_path, monkeypatch):
    """No files with the package."""
    monkeypatch.setattr(knowledge, "WEIGHTS_FILE", tmp_path / "weights.npz")
    monkeypatch.setattr(knowledge, "BANK_FILE", tmp_path / "bank.npz")
    return tmp_path
