"""A network becomes a tape of the engine, planned for the reverse sweep.

An argument with a single edge is folded into its operator (op(w*slot + c)), one with several becomes a
weighted sum. The last instruction is the output.
"""

from eqdisc._typing import IntArray
from eqdisc.engine.compile import call_address, inlined, kernel
from eqdisc.engine.opcodes import COMPANION, DST, FIRST, OP, PLAN, T_COS, T_SIN, T_SUM, A, B, C
from eqdisc.engine.workspace import SEED
from eqdisc.proposers.dysymnet.kernels.nets import DEAD, FREE, Net
from eqdisc.proposers.dysymnet.kernels.operators import LINEAR, UnitTable
from eqdisc.proposers.dysymnet.kernels.room import INNER, OUTER, ROW, STOP, Room


@kernel
def bury(net: Net, n_features: int, readers: IntArray) -> None:
    """Kill what does not reach the output, and units with an argument that has no edge left."""
    n_units = net.units.shape[0]
    first_unit = n_features + 1
    for u in range(n_units):
        empty = False
        for a in range(2 * u, 2 * u + 2):
            if net.offsets[a] < net.offsets[a + 1]:
                alive = 0
                for e in range(net.offsets[a], net.offsets[a + 1]):
                    source = net.sources[e] - first_unit
                    if source >= 0 and net.units[source] < 0:
                        net.states[e] = DEAD
                    alive += net.states[e] != DEAD
                empty = empty or alive == 0
        if empty:
            net.units[u] = -1
    for u in range(n_units):
        readers[u] = 0
    for a in range(2 * n_units, -1, -1):
        u = a // 2
        if a < 2 * n_units and a % 2 == 1 and readers[u] == 0:
            net.units[u] = -1
        for e in range(net.offsets[a], net.offsets[a + 1]):
            if a < 2 * n_units and net.units[u] < 0:
                net.states[e] = DEAD
            if net.states[e] != DEAD and net.sources[e] >= first_unit:
                source = net.sources[e] - first_unit
                if net.units[source] < 0:
                    net.states[e] = DEAD
                else:
                    readers[source] += 1


@inlined
def _row(net: Net, e: int, first_unit: int, r: Room) -> int:
    s = net.sources[e]
    return s if s < first_unit else r.unit_rows[s - first_unit]


@inlined
def _free(net: Net, e: int, position: int, r: Room) -> None:
    if net.states[e] == FREE:
        p = r.counts[INNER]
        r.parameters[p] = position
        r.inner_edges[p] = e
        r.counts[INNER] = p + 1


@inlined
def _emit(r: Room, k: int, op: int, row: int, a: int, b: int, first: int) -> None:
    r.code[k, OP] = op
    r.code[k, DST] = row
    r.code[k, A] = a
    r.code[k, B] = b
    r.code[k, C] = a
    r.code[k, FIRST] = first
    r.code[k, COMPANION] = -1


@kernel
def lower(net: Net, table: UnitTable, n_features: int, r: Room) -> None:
    """Write the tape of a network without dead units that are read; counts and positions go to the room."""
    n_units = net.units.shape[0]
    ones, first_unit = n_features, n_features + 1
    k = q = t = 0
    r.counts[INNER] = 0
    for u in range(n_units):
        if net.units[u] < 0:
            continue
        unit = net.units[u]
        rows = (ones, ones)
        scales, shifts = (-1, -1), (-1, -1)
        linear = table.operations[unit] == LINEAR
        for j in range(table.arities[unit]):
            count, shift, scale = 0, -1, -1
            for e in range(net.offsets[2 * u + j], net.offsets[2 * u + j + 1]):
                if net.states[e] != DEAD:
                    if net.sources[e] == ones:
                        shift = e
                    else:
                        scale = e
                        count += 1
            row = ones if scale < 0 else _row(net, scale, first_unit, r)
            if count > 1 or linear:
                row = first_unit + k
                _emit(r, k, T_SUM, row, t, count, q)
                r.weights[q] = 0.0
                if shift >= 0:
                    r.weights[q] = net.weights[shift]
                    _free(net, shift, q, r)
                q += 1
                for e in range(net.offsets[2 * u + j], net.offsets[2 * u + j + 1]):
                    if net.states[e] != DEAD and net.sources[e] != ones:
                        r.terms[t] = _row(net, e, first_unit, r)
                        r.weights[q] = net.weights[e]
                        _free(net, e, q, r)
                        t += 1
                        q += 1
                k += 1
                scale = shift = -1
                if linear:
                    r.unit_rows[u] = row
            if j == 0:
                rows, scales, shifts = (row, ones), (scale, -1), (shift, -1)
            else:
                rows, scales, shifts = (rows[0], row), (scales[0], scale), (shifts[0], shift)
        if linear:
            continue
        _emit(r, k, table.operations[unit], first_unit + k, rows[0], rows[1], q)
        for j in range(2):
            folded = scales[j] >= 0
            r.weights[q + 2 * j] = 0.0 if rows[j] == ones else 1.0
            r.weights[q + 2 * j + 1] = 0.0
            if folded:
                r.weights[q + 2 * j] = net.weights[scales[j]]
                _free(net, scales[j], q + 2 * j, r)
            if shifts[j] >= 0:
                r.weights[q + 2 * j + 1] = net.weights[shifts[j]]
                _free(net, shifts[j], q + 2 * j + 1, r)
        r.unit_rows[u] = first_unit + k
        q += 4
        k += 1
    _emit(r, k, T_SUM, first_unit + k, t, 0, q)
    outer = 0
    seed = r.buffer.shape[0] + SEED
    for e in range(net.offsets[2 * n_units], net.offsets[2 * n_units + 1]):
        if net.states[e] != DEAD:
            r.outer_edges[outer] = e
            if net.sources[e] == ones:
                r.outer_rows[outer] = seed
            else:
                r.outer_rows[outer] = r.terms[t] = _row(net, e, first_unit, r)
                t += 1
                r.code[k, B] += 1
            outer += 1
    r.counts[OUTER] = outer
    r.counts[STOP] = k + 1
    r.counts[ROW] = first_unit + k + 1


@kernel
def plan(table: IntArray, n_features: int, r: Room) -> None:
    """Plan the reverse sweep of the tape in the room."""
    stop = r.counts[STOP]
    for k in range(stop):
        if r.code[k, OP] == T_SIN or r.code[k, OP] == T_COS:
            r.code[k, COMPANION] = r.counts[ROW]
            r.counts[ROW] += 1
    p = r.counts[INNER]
    seed = r.buffer.shape[0] + SEED
    asked = (r.code, stop, r.terms, r.code[stop - 1, DST], seed, n_features + 1, False, r.parameters, p)
    found = (r.plan, r.term_plan, r.consumers, r.derivative_rows, r.counts[ROW : ROW + 1])
    call_address(table[PLAN], asked + found)
    for i in range(p):
        if r.derivative_rows[i] < 0:
            r.derivative_rows[i] = seed
