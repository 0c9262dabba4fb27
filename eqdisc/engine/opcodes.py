"""Numbering of the tape: operations, columns of its arrays, and how the nodes of a tree map to them."""

import numpy as np

from eqdisc.expr import operators as node

# Operations of the tape. With weights: ADD wa*A + wb*B; *C forms and functions act on w*slot + c.
(
    T_ADD,
    T_MUL,
    T_MULC,
    T_DIV,
    T_DIVC,
    T_INV,
    T_INVC,
    T_SQUARE,
    T_SQUAREC,
    T_CUBE,
    T_SQRT,
    T_CBRT,
    T_POWC,
    T_POW,
    T_EXP,
    T_LOG,
    T_SIN,
    T_COS,
    T_TAN,
    T_ASIN,
    T_ACOS,
    T_ATAN,
    T_ATAN2,
    T_SINH,
    T_COSH,
    T_TANH,
    T_ABS,
    T_SIGN,
    T_MIN,
    T_MAX,
    T_FLOOR,
    T_MOD,
    T_WHERE,
    T_SUM,
) = range(34)

#: Columns of `code`; COMPANION is the row for the derivative of sine and cosine, -1 for none.
OP, DST, A, B, C, FIRST, COMPANION = range(7)
CODE_COLUMNS = 7
#: No instruction has more weights than `where` (three operands).
MAX_WEIGHTS = 6
#: Columns of the integer node state that lowering leaves behind for `restore_constants`.
SLOT, SCALES, SHIFTS, INSTR, LEFT, MIDDLE = range(6)
STATE_COLUMNS = 6
LN10 = 2.302585092994045684
UNARY = np.full(node.WHERE + 1, -1, np.int32)
for _code, _operation in (
    (node.SQRT, T_SQRT),
    (node.CBRT, T_CBRT),
    (node.CUBE, T_CUBE),
    (node.EXP, T_EXP),
    (node.LOG, T_LOG),
    (node.LOG10, T_LOG),
    (node.SIN, T_SIN),
    (node.COS, T_COS),
    (node.TAN, T_TAN),
    (node.ASIN, T_ASIN),
    (node.ACOS, T_ACOS),
    (node.ATAN, T_ATAN),
    (node.SINH, T_SINH),
    (node.COSH, T_COSH),
    (node.TANH, T_TANH),
    (node.ABS, T_ABS),
    (node.SIGN, T_SIGN),
    (node.FLOOR, T_FLOOR),
):
    UNARY[_code] = _operation

BINARY = np.full(node.WHERE + 1, -1, np.int32)
for _code, _operation in (
    (node.POW, T_POW),
    (node.ATAN2, T_ATAN2),
    (node.MIN, T_MIN),
    (node.MAX, T_MAX),
    (node.MOD, T_MOD),
):
    BINARY[_code] = _operation

ARITY = np.asarray(node.ARITY, np.int8)
VARIABLE, CONSTANT = node.VARIABLE, node.CONSTANT
N_ADD, N_SUB, N_MUL, N_DIV, N_NEG, N_INV = node.ADD, node.SUB, node.MUL, node.DIV, node.NEG, node.INV
N_SQUARE, N_CUBE, N_SQRT, N_CBRT, N_ABS = node.SQUARE, node.CUBE, node.SQRT, node.CBRT, node.ABS
N_EXP, N_LOG, N_LOG10, N_POW, N_WHERE, N_MOD = (
    node.EXP,
    node.LOG,
    node.LOG10,
    node.POW,
    node.WHERE,
    node.MOD,
)
N_SIN, N_COS, N_TAN, N_ASIN, N_ACOS, N_ATAN, N_ATAN2 = (
    node.SIN,
    node.COS,
    node.TAN,
    node.ASIN,
    node.ACOS,
    node.ATAN,
    node.ATAN2,
)
N_SINH, N_COSH, N_TANH, N_SIGN, N_MIN, N_MAX, N_FLOOR = (
    node.SINH,
    node.COSH,
    node.TANH,
    node.SIGN,
    node.MIN,
    node.MAX,
    node.FLOOR,
)


#: Positions in the table of kernel addresses (`native`).
LOWER, FORWARD, PLAN, REVERSE, GRAM, RESTORE, RESIDUALS, DERIVATIVES, MINIMISE, FIT = range(10)
TABLE_SIZE = 10
