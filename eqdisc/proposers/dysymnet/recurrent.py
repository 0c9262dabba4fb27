"""A recurrent network that tells sentences token by token; its gradients by hand."""

from collections.abc import Iterable, Iterator
from math import prod
from typing import NamedTuple

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.proposers.dysymnet.grammar import NONE, Grammar


class Weights(NamedTuple):
    """The parameters of a gated recurrent unit with h hidden numbers, its inputs and outputs.

    A token's embedding times the matrix of the gates is itself a vector for each token: `tokens` holds them.

    tokens    : (vocabulary + 1, 3h) what the token chosen before adds to the gates; the last for none
    steps     : (steps, 3h) what the kind and place of the decision adds
    recurrent : (h, 3h) what the hidden numbers add
    head      : (h, vocabulary) scores of the choices
    bias      : (steps, vocabulary) alone it would be a product of independent choices
    """

    tokens: FloatArray
    steps: FloatArray
    recurrent: FloatArray
    head: FloatArray
    bias: FloatArray


class Moment(NamedTuple):
    """One step of those of b sentences that take it, with all that its gradient needs.

    rows, before, chosen : (r,) the sentences, their tokens of the step before, the choice (from 0)
    hidden, after        : (r, h) before and after the step
    reset, keep, new     : (r, h) gates and candidate; `inner` is the recurrent part of the candidate
    log_p, log_ratio     : (r, choices) log-probability, and by how much it exceeds the uniform policy's
    """

    step: int
    rows: IntArray
    before: IntArray
    chosen: IntArray
    hidden: FloatArray
    after: FloatArray
    reset: FloatArray
    keep: FloatArray
    new: FloatArray
    inner: FloatArray
    log_p: FloatArray
    log_ratio: FloatArray


class RecurrentNetwork:
    """Probabilities of the sentences of a grammar; with a head of zeros those of the uniform policy.

    parameters : (p,) all weights; `weights` are views of it

    >>> network = RecurrentNetwork(Grammar(2, 1, 1), hidden=4, random=np.random.default_rng(0))
    >>> network.parameters.size
    228
    """

    def __init__(self, grammar: Grammar, hidden: int, random: np.random.Generator) -> None:
        self.grammar = grammar
        vocabulary, steps = grammar.vocabulary, grammar.steps
        self._shapes = (
            (vocabulary + 1, 3 * hidden),
            (steps, 3 * hidden),
            (hidden, 3 * hidden),
            (hidden, vocabulary),
            (steps, vocabulary),
        )
        self.parameters = np.zeros(sum(prod(shape) for shape in self._shapes))
        self.weights = self.views(self.parameters)
        self.weights.tokens[:] = random.normal(size=self._shapes[0])
        self.weights.steps[:] = random.normal(size=self._shapes[1])
        self.weights.recurrent[:] = random.normal(size=self._shapes[2]) / np.sqrt(hidden)

    def views(self, vector: FloatArray) -> Weights:
        """A (p,) vector as the weights that it holds."""
        stops = np.cumsum([prod(shape) for shape in self._shapes])[:-1]
        parts = np.split(vector, stops)
        return Weights(*(part.reshape(shape) for part, shape in zip(parts, self._shapes, strict=True)))

    def walk(self, tokens: IntArray, random: np.random.Generator | None = None) -> Iterator[Moment]:
        """The steps of (b, steps) sentences; with a generator the choices are drawn and written to them."""
        grammar, w = self.grammar, self.weights
        hidden = np.zeros((len(tokens), len(w.recurrent)))
        before = np.full(len(tokens), NONE)
        for step, columns in enumerate(grammar.columns):
            rows = grammar.taken(step, tokens)
            if rows.size == 0:
                continue
            told = tokens[rows]
            after, gates = self._advance(step, before[rows], hidden[rows])
            scores = after @ w.head[:, columns] + w.bias[step, columns]
            log_p, log_ratio = _normalised(scores, grammar.log_uniform(step, told))
            chosen = told[:, step] - columns.start if random is None else _drawn(np.exp(log_p), random)
            yield Moment(step, rows, before[rows], chosen, hidden[rows], after, *gates, log_p, log_ratio)
            tokens[rows, step] = chosen + columns.start
            before[rows] = tokens[rows, step]
            hidden[rows] = after

    def _advance(
        self, step: int, before: IntArray, hidden: FloatArray
    ) -> tuple[FloatArray, tuple[FloatArray, FloatArray, FloatArray, FloatArray]]:
        """The hidden numbers after a step; reset, keep, new and inner."""
        w = self.weights
        size = hidden.shape[1]
        drive = w.tokens[before] + w.steps[step]
        recurrent = hidden @ w.recurrent
        gates = _logistic(drive[:, : 2 * size] + recurrent[:, : 2 * size])
        reset, keep = gates[:, :size], gates[:, size:]
        inner = recurrent[:, 2 * size :]
        new = np.tanh(drive[:, 2 * size :] + reset * inner)
        return new + keep * (hidden - new), (reset, keep, new, inner)

    def gradient(self, moments: list[Moment], log_p: FloatArray, entropy: FloatArray) -> FloatArray:
        """(p,) gradient of sum_i log_p[i] * log p(sentence i) + entropy[i] * entropy along sentence i.

        Back through time; `log_p` and `entropy` are (b,) weights, entropies as in `entropies`.
        """
        found = np.zeros_like(self.parameters)
        g, w = self.views(found), self.weights
        d_hidden = np.zeros((len(log_p), len(w.recurrent)))
        for m in reversed(moments):
            columns = self.grammar.columns[m.step]
            p = np.exp(m.log_p)
            divergence = np.sum(p * m.log_ratio, axis=1, keepdims=True)
            d_scores = -log_p[m.rows, np.newaxis] * p
            d_scores[np.arange(len(m.rows)), m.chosen] += log_p[m.rows]
            d_scores -= entropy[m.rows, np.newaxis] * p * (m.log_ratio - divergence)
            g.head[:, columns] += m.after.T @ d_scores
            g.bias[m.step, columns] += d_scores.sum(axis=0)
            d_after = d_hidden[m.rows] + d_scores @ w.head[:, columns].T
            d_hidden[m.rows] = self._retreat(m, d_after, g)
        return found

    def _retreat(self, m: Moment, d_after: FloatArray, g: Weights) -> FloatArray:
        """What `_advance` did, backwards: adds to the gradient, gives that of the hidden numbers before."""
        d_new = d_after * (1 - m.keep) * (1 - m.new**2)
        d_reset = d_new * m.inner * m.reset * (1 - m.reset)
        d_keep = d_after * (m.hidden - m.new) * m.keep * (1 - m.keep)
        d_drive = np.hstack([d_reset, d_keep, d_new])
        d_recurrent = np.hstack([d_reset, d_keep, d_new * m.reset])
        np.add.at(g.tokens, m.before, d_drive)
        g.steps[m.step] += d_drive.sum(axis=0)
        g.recurrent[:] += m.hidden.T @ d_recurrent
        d_before: FloatArray = d_after * m.keep + d_recurrent @ self.weights.recurrent.T
        return d_before


def log_probabilities(moments: Iterable[Moment], count: int) -> FloatArray:
    """(count,) log-probability of each sentence."""
    found = np.zeros(count)
    for m in moments:
        found[m.rows] += m.log_p[np.arange(len(m.rows)), m.chosen]
    return found


def entropies(moments: Iterable[Moment], count: int) -> FloatArray:
    """(count,) entropy of choices along each sentence, relative to the uniform policy: 0 for it, or less.

    Plain entropy is largest where all choices of a step are equally likely: a sorted layer would then rather
    have the operators that come late.
    """
    found = np.zeros(count)
    for m in moments:
        found[m.rows] -= np.sum(np.exp(m.log_p) * m.log_ratio, axis=1)
    return found


def _normalised(scores: FloatArray, log_uniform: FloatArray) -> tuple[FloatArray, FloatArray]:
    total = scores + log_uniform
    top = total.max(axis=1, keepdims=True)
    norm = top + np.log(np.sum(np.exp(total - top), axis=1, keepdims=True))
    return total - norm, scores - norm


def _drawn(p: FloatArray, random: np.random.Generator) -> IntArray:
    """One choice a row; never one of probability zero."""
    cumulated = np.cumsum(p, axis=1)
    at = random.random((len(p), 1)) * cumulated[:, -1:]
    chosen: IntArray = np.sum(cumulated <= at, axis=1)
    return chosen


def _logistic(x: FloatArray) -> FloatArray:
    # by tanh: no overflow, and twice as fast as by exp
    found: FloatArray = 0.5 + 0.5 * np.tanh(0.5 * x)
    return found
