"""Points on surfaces that are known by their parameters: no equation is needed to draw them."""

import numpy as np

from eqdisc.surfaces.implicit.cloud import Cloud


def circle(count=80, centre=(0.0, 0.0), radius=1.0, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0.0, 2.0 * np.pi, count)
    points = np.array(centre) + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return points + noise * rng.normal(size=points.shape)


def sphere(count=400, dimension=3, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(count, dimension))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points + noise * rng.normal(size=points.shape)


def torus(count=600, large=2.0, small=0.5, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    u, v = rng.uniform(0.0, 2.0 * np.pi, (2, count))
    ring = large + small * np.cos(v)
    points = np.stack([ring * np.cos(u), ring * np.sin(u), small * np.sin(v)], axis=1)
    return points + noise * rng.normal(size=points.shape)


def helix(count=800, noise=0.0, seed=0):
    t = np.linspace(0.0, 12.0, count)
    points = np.stack([np.cos(t), np.sin(t), 0.3 * t], axis=1)
    return points + noise * np.random.default_rng(seed).normal(size=points.shape)


def graph(function, count=500, seed=0, reach=2.0):
    """z = f(x, y) over a square."""
    x, y = np.random.default_rng(seed).uniform(-reach, reach, (2, count))
    return np.stack([x, y, function(x, y)], axis=1)


def cloud_of(points, seed=0):
    return Cloud.of(points, ("x", "y", "z", "u", "v")[: points.shape[1]], seed)
