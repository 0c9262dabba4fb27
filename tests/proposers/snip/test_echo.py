"""Batches that are trained on several times: needs PyTorch, but for how they are made."""

from dataclasses import replace
from importlib.util import find_spec
from itertools import combinations, islice, pairwise

import numpy as np
import pytest

from eqdisc.proposers.snip.generator import Generator
from eqdisc.proposers.snip.generator.grammar import reordered
from eqdisc.proposers.snip.pretrain.supply import Prepared, Source, column_orders, prepared
from eqdisc.proposers.snip.vocabulary import keys_of

requires_torch = pytest.mark.skipif(find_spec("torch") is None, reason="pip install 'eqdisc[pretrain]'")


def test_orders_are_those_of_the_columns_that_are_there():
    columns = np.arange(1, 11).repeat(200)
    orders = column_orders(columns, 3, np.random.default_rng(0))
    assert orders.shape == (2000, 3, 10)
    np.testing.assert_array_equal(np.sort(orders, axis=2), np.broadcast_to(np.arange(10), orders.shape))
    beyond = np.arange(10) >= columns[:, None, None]
    assert (orders == np.arange(10))[np.broadcast_to(beyond, orders.shape)].all()
    for count in (2, 3):
        told = {tuple(order[:count]) for order in orders[columns == count].reshape(-1, 10).tolist()}
        assert len(told) == (2, 6)[count - 2]


def test_an_echo_changes_nothing_of_the_batch():
    once, often = Source(3, 8).batch(5), Source(3, 8, echo=3).batch(5)
    for name, one, other in zip(Prepared._fields, once, often, strict=True):
        if name in ("orders", "echo_tokens", "echo_keys"):
            assert (one.shape[:2], other.shape[:2]) == ((8, 0), (8, 2))
        else:
            np.testing.assert_array_equal(one, other)


def rearranged(batch, orders):
    """A batch of tables whose columns are in another order."""
    parts = {name: getattr(batch, name).copy() for name in ("features", "relevant", "periodic")}
    pairs = {name: getattr(batch, name).copy() for name in ("additive", "multiplicative", "pairs")}
    for table, order in enumerate(orders.tolist()):
        for new, old in enumerate(order):
            parts["features"][table, :, new] = batch.features[table, :, old]
            parts["relevant"][table, new] = batch.relevant[table, old]
            parts["periodic"][table, new] = batch.periodic[table, old]
        for (i, a), (j, b) in combinations(enumerate(order), 2):
            for name, part in pairs.items():
                part[table, i, j] = part[table, j, i] = getattr(batch, name)[table, a, b]
    return replace(batch, **parts, **pairs)


@requires_torch
def test_the_next_time_is_the_table_with_its_columns_in_another_order():
    import torch

    from eqdisc.proposers.snip.pretrain.echo import again

    drawn = Generator(4).batch(60, rows=20)
    orders = column_orders(drawn.columns, 2, np.random.default_rng(1))
    batch = Prepared(*(torch.from_numpy(np.ascontiguousarray(part)) for part in prepared(drawn, orders)))
    assert again(batch, 0) is batch
    for time in (1, 2):
        found, wanted = again(batch, time), prepared(rearranged(drawn, orders[:, time - 1]))
        for name in Prepared._fields[:-3]:
            if name not in ("tokens", "keys"):
                one, other = np.asarray(getattr(found, name)), getattr(wanted, name)
                # Regressions solve for the columns in their order: rounding differs.
                np.testing.assert_allclose(one, other, atol=2e-3, err_msg=name)
        assert not np.array_equal(found.points, batch.points)
        tokens = reordered(drawn.tokens, orders[:, time - 1])
        np.testing.assert_array_equal(found.tokens, tokens)
        np.testing.assert_array_equal(np.asarray(found.keys).view(np.uint64), keys_of(tokens))


@requires_torch
@pytest.mark.parametrize("echo", [1, 2, 4])
def test_each_batch_has_its_times_apart_from_each_other(echo):
    from eqdisc.proposers.snip.pretrain.echo import APART, made, oldest, turns

    steps = list(islice(turns(echo), 60 * echo))
    for number in range(30):
        places = [at for at, turn in enumerate(steps) if turn.batch == number]
        assert [steps[at].time for at in places] == list(range(echo))
        assert all(later - sooner > APART for sooner, later in pairwise(places))
    for step in range(40):
        assert made(step, echo) == len({turn.batch for turn in steps[:step]})
        assert oldest(step, echo) == min(turn.batch for turn in steps[step:])


@requires_torch
@pytest.mark.parametrize("echo", [1, 3])
def test_steps_from_any_one_on_are_trained_on_the_same(echo):
    from eqdisc.proposers.snip.pretrain.echo import APART, echoed, oldest

    class Counted:
        """Batches that are their numbers, and how many are kept."""

        kept = 0

        def __init__(self, number):
            self.number = number
            Counted.kept += 1

        def __del__(self):
            Counted.kept -= 1

    def shown(step):
        supply = iter(range(oldest(step, echo), 1000))
        for batch, time in islice(echoed(supply, step, echo, Counted), 50):
            assert Counted.kept <= (echo - 1) * APART + 1
            yield batch.number, time

    steps = list(shown(0))
    for step in range(30):
        assert list(shown(step))[: 50 - step] == steps[step:]
