"""Single LLVM instructions as functions for kernels: those Numba lacks, or widens."""

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic


def _llvm_unary(name: str) -> Any:
    @intrinsic  # type: ignore[untyped-decorator]
    def call(typing_context: Any, x: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            kind = context.get_value_type(signature.args[0])
            return builder.call(builder.module.declare_intrinsic(name, [kind]), args)

        return x(x), generate

    return call


rint = _llvm_unary("llvm.rint")
fabs = _llvm_unary("llvm.fabs")
sqrt = _llvm_unary("llvm.sqrt")
floor = _llvm_unary("llvm.floor")


def _cast(operation: str, result: Any) -> Any:
    """An LLVM cast; `result` maps the argument's type to the type of the result."""

    @intrinsic  # type: ignore[untyped-decorator]
    def call(typing_context: Any, x: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            return getattr(builder, operation)(args[0], context.get_value_type(signature.return_type))

        return result(x)(x), generate

    return call


_BITS = {types.float32: types.int32, types.float64: types.int64}
_FLOAT = {types.int32: types.float32, types.int64: types.float64}

bits = _cast("bitcast", lambda x: _BITS[x])
unbits = _cast("bitcast", lambda x: _FLOAT[x])
to_int32 = _cast("fptosi", lambda x: types.int32)
int32_to_single = _cast("sitofp", lambda x: types.float32)
int32_to_double = _cast("sitofp", lambda x: types.float64)
widen = _cast("sext", lambda x: types.int64)
low_half = _cast("trunc", lambda x: types.int32)


def _integer(operation: str) -> Any:
    """Integer arithmetic that keeps its width (Numba would widen 32-bit operands)."""

    @intrinsic  # type: ignore[untyped-decorator]
    def call(typing_context: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            return getattr(builder, operation)(args[0], args[1])

        return a(a, a), generate

    return call


iadd, isub = _integer("add"), _integer("sub")
iand, ior, ixor = _integer("and_"), _integer("or_"), _integer("xor")
shift_left, shift_right, shift_right_logical = _integer("shl"), _integer("ashr"), _integer("lshr")


@intrinsic  # type: ignore[untyped-decorator]
def select(typing_context: Any, condition: Any, a: Any, b: Any) -> Any:
    """a if condition else b, as one instruction.

    A Python conditional becomes a branch into which LLVM sinks the work of either side; such a loop is not
    vectorised (tanh 7.3 ns an element against 1.8).
    """
    kind = types.unliteral(a)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return builder.select(*args)

    return kind(types.boolean, kind, kind), generate
