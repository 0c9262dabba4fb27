"""How kernels are compiled: decorators, the on-disk cache, calls through native addresses.

Four measured facts shape this file.

* Numba re-links and re-optimises every callee inside every caller. Big kernels are therefore compiled once
  and called through their native address (`native_address`, `call_address`): 30 % less compilation.
* `cache=True` notices changes of a function's own file only, so an edited callee leaves stale callers
  behind. Our cache folder is named by a digest of all kernel sources, which closes that trap.
* A callee that is linked into its callers is one symbol for all of them, and the first that is loaded serves
  all: copies optimised in different callers differ in the last bits, so that a search gave another answer
  when its kernels were compiled in the same process than when they were loaded from the cache. Every caller
  therefore keeps its callees to itself (`tests/engine/test_cache.py` compares the answers).
* Where neither the package nor the home is writable Numba fails at import ("no locator available"). Then a
  folder for temporary files serves, and without one the kernels are compiled in memory.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from llvmlite import ir
from llvmlite.binding import Linkage, ModuleRef
from numba.core import types
from numba.core.codegen import JITCodeLibrary
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])

_PACKAGE = Path(__file__).resolve().parent.parent
#: What the cache is keyed by: the kernels, and the operator codes compiled into them.
_KERNEL_SOURCES = (
    "engine/*.py",
    "expr/operators.py",
    "proposers/gp/*.py",
    "proposers/enumeration/*.py",
    "proposers/dysymnet/kernels/*.py",
    "proposers/snip/kernels/*.py",
)


def _digest() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for pattern in _KERNEL_SOURCES:
        for source in sorted(_PACKAGE.glob(pattern)):
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _cache_root() -> list[Path]:
    home = os.environ.get("XDG_CACHE_HOME")
    roots = [Path(home)] if home else []
    if "HOME" in os.environ or os.name == "nt":
        roots.append(Path.home() / ".cache")
    user = os.getuid() if hasattr(os, "getuid") else "user"
    return [root / "eqdisc" for root in roots] + [Path(tempfile.gettempdir()) / f"eqdisc-{user}"]


def cache_folder() -> Path | None:
    """Folder of this version's compiled kernels, or None where nothing can be written."""
    chosen = os.environ.get("EQDISC_CACHE_DIR")
    for root in [Path(chosen)] if chosen else _cache_root():
        folder = root / _digest()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError:
            continue
        return folder
    return None


def prune_cache() -> None:
    """Remove kernels compiled from other versions of the sources."""
    current = cache_folder()
    if current is not None:
        for other in current.parent.iterdir():
            if other.is_dir() and other != current:
                shutil.rmtree(other, ignore_errors=True)


CACHE_FOLDER = cache_folder()
# 'contract' allows fused multiply-add and nothing else: NaN and infinity keep their IEEE meaning.
_STRICT = {"contract"}
# Sums and dot products may be reordered, otherwise LLVM cannot vectorise them (40 times slower).
_REORDERED = {"contract", "reassoc", "nsz"}


#: Part of the mangled names of all functions of this package.
_OURS = f"{len(__package__.split('.')[0])}{__package__.split('.')[0]}"


def _keep_callees_private(module: ModuleRef) -> None:
    """Make what was linked into a module of ours its own: no symbol that others could share."""
    functions = [function for function in module.functions if not function.is_declaration]
    if any(_OURS in function.name for function in functions):
        for function in functions:
            if function.linkage == Linkage.linkonce_odr:
                function.linkage = Linkage.internal


_optimize = JITCodeLibrary._optimize_final_module


def _optimize_final_module(library: Any) -> None:
    """Numba's last optimisation of a module, all callees linked in."""
    _keep_callees_private(library._final_module)
    _optimize(library)


JITCodeLibrary._optimize_final_module = _optimize_final_module


def _njit(function: F, fastmath: set[str], cache: bool, forceinline: bool = False) -> F:
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = "" if CACHE_FOLDER is None else str(CACHE_FOLDER)
    try:
        compiled: F = numba.njit(
            function,
            fastmath=fastmath,
            error_model="numpy",
            boundscheck=False,
            nogil=True,
            cache=cache and CACHE_FOLDER is not None,
            forceinline=forceinline,
        )
    finally:
        numba.config.CACHE_DIR = before
    return compiled


def kernel(function: F) -> F:
    """Compile a kernel, cached on disk; IEEE semantics, no bounds checks, GIL released."""
    return _njit(function, _STRICT, cache=True)


def inlined(function: F) -> F:
    """Compile a small function into its caller: a call in a loop would keep it from vectorising."""
    return _njit(function, _STRICT, cache=False, forceinline=True)


def summation(function: F) -> F:
    """Like `inlined`, but sums may be reordered: dot products and nothing else."""
    return _njit(function, _REORDERED, cache=False)


def native_address(function: Any, signature: tuple[Any, ...]) -> int:
    """Machine address of a kernel compiled for one signature, to be called by `call_address`."""
    function.compile(signature)
    compiled = function.overloads[signature]
    return int(compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name))


def _native_call(result: Any) -> Any:
    @intrinsic  # type: ignore[untyped-decorator]
    def call(typing_context: Any, address: Any, arguments: Any) -> Any:
        argument_types = tuple(types.unliteral(t) for t in arguments.types)
        signature = result(address, arguments)

        def generate(context: Any, builder: ir.IRBuilder, _: Any, values: Any) -> Any:
            unpacked = [
                context.cast(builder, builder.extract_value(values[1], i), arguments.types[i], wanted)
                for i, wanted in enumerate(argument_types)
            ]
            kind = context.call_conv.get_function_type(result, argument_types)
            pointer = builder.inttoptr(values[0], kind.as_pointer())
            _, returned = context.call_conv.call_function(builder, pointer, result, argument_types, unpacked)
            return context.get_dummy_value() if result == types.none else returned

        return signature, generate

    return call


#: call_address(address, (arguments...)): call a kernel that returns nothing through its address.
call_address = _native_call(types.none)
#: The same for a kernel that returns a truth value, a double.
call_predicate = _native_call(types.boolean)
call_double = _native_call(types.float64)
call_integer = _native_call(types.int64)
