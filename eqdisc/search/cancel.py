"""Factors that cancel: the same law wherever they are numbers other than 0, the sign of infinity aside."""

from eqdisc.expr.algebra import (
    NotRepresentable,
    Product,
    Sum,
    product_of,
    scaled,
    sum_of,
    unscaled,
    written_sum,
)
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ADD, CONSTANT, DIV, MUL, NEG, SQRT, SUB

MOST_LONGER = 2  # nodes that the removal of a pole may cost


def without_poles(expression: Expression) -> Expression:
    """x/(x*y) as 1/y, (u - v)/(v - u) as -1, x*(u + c/x) as x*u + c, sqrt(x)*sqrt(u/x) as sqrt(u).

    A product that holds a pole which is none is multiplied out where that is at most two nodes longer,
    another only where it is shorter: (x*u + c)/x as u + c/x. A minus sign goes where it takes no node:
    -(u/(v - w)) is u/(w - v), and -2*(u - v) is 2*(v - u). Values stay as they are where what cancels is a
    number other than 0; at a pole infinity may change its sign, and where there was no value may be one.

    >>> from eqdisc.expr.parse import parse
    >>> str(without_poles(parse("x*(x*exp(-y) + 0.5/x)", ["x", "y"])))
    'x0**2*exp(-x1) + 0.5'
    >>> str(without_poles(parse("x*(1 - y)/(y - 1)", ["x", "y"])))
    '-x0'
    """
    if not expression.arity_root:
        return expression
    node = Expression.apply(expression.root, *(without_poles(child) for child in expression.children))
    if node.root not in (MUL, DIV, NEG):
        return node
    try:
        return _relieved(node)
    except NotRepresentable:
        return node


def _relieved(node: Expression) -> Expression:
    """A product that is as it was, or shorter, or multiplied out."""
    product = product_of(node)
    _align(product)
    _cancel(product)
    positive = _take_sign(product)
    written = scaled(product.coefficient, unscaled(product), product)
    node = written if written.size < node.size + positive else node
    joined = _under_one_root(product)
    if joined is not None and joined.size < node.size:
        return joined
    spread, longer = _multiplied_out(product)
    return spread if spread is not None and spread.size <= node.size + longer else node


def _align(product: Product) -> None:
    """One sum for two that are opposite."""
    for side in (product.above, product.below):
        for base in list(side):
            turned = _opposite(base)
            if turned is not None and (turned in product.above or turned in product.below):
                _turn(product, side, base, turned)


def _take_sign(product: Product) -> bool:
    """A sum that can do so for nothing takes a minus sign; whether there is one."""
    if product.coefficient >= 0.0:
        return False
    for side in (product.below, product.above):
        for base, exponent in side.items():
            turned = _opposite(base) if exponent % 2 else None
            if turned is not None and turned.size <= base.size and not _begins_with_minus(turned):
                _turn(product, side, base, turned)
                return True
    return False


def _begins_with_minus(expression: Expression) -> bool:
    while expression.root in (ADD, SUB, MUL, DIV):
        expression = expression.children[0]
    return expression.root == NEG or (expression.root == CONSTANT and expression.payload[0] < 0.0)


def _turn(product: Product, side: dict[Expression, int], base: Expression, turned: Expression) -> None:
    exponent = side.pop(base)
    side[turned] = side.get(turned, 0) + exponent
    if exponent % 2:
        product.coefficient = -product.coefficient


def _opposite(base: Expression) -> Expression | None:
    """v - u for u - v; None for what is no sum."""
    if base.root not in (ADD, SUB):
        return None
    total = sum_of(base, distribute=False)
    terms = {term: [(-c, product) for c, product in found] for term, found in total.terms.items()}
    return written_sum(Sum(-total.constant, terms))


def _cancel(product: Product) -> None:
    """What is above and below."""
    for base in product.above.keys() & product.below.keys():
        common = min(product.above[base], product.below[base])
        for side in (product.above, product.below):
            side[base] -= common
            if not side[base]:
                del side[base]


def _under_one_root(product: Product) -> Expression | None:
    """The product with one square root in place of several; None where there are no two."""
    roots = [
        [base for base, exponent in side.items() if base.root == SQRT and exponent == 1]
        for side in (product.above, product.below)
    ]
    if len(roots[0]) + len(roots[1]) < 2:
        return None
    inside, outside = Product(), Product(product.coefficient, dict(product.above), dict(product.below))
    for side, found, inverse in zip((outside.above, outside.below), roots, (False, True), strict=True):
        for root in found:
            del side[root]
            inside.multiply(root.children[0], 1, inverse)
    outside.multiply(Expression.apply("sqrt", without_poles(unscaled(inside))), 1, inverse=False)
    return scaled(outside.coefficient, unscaled(outside), outside)


def _multiplied_out(product: Product) -> tuple[Expression | None, int]:
    """The product with a sum multiplied out, and by how many nodes it may be longer then.

    None where no term of the sum has a factor that another one divides: more nodes are worth it where that
    factor divides the term, for there is a pole that is none.
    """
    for base, exponent in product.above.items():
        if exponent != 1 or base.root not in (ADD, SUB):
            continue
        factors = {other: k for other, k in product.above.items() if other != base}
        total = sum_of(base, distribute=True)
        terms = [(c, term) for found in total.terms.values() for c, term in found]
        poles = any(factors.keys() & term.below.keys() for _, term in terms)
        if not poles and not any(product.below.keys() & term.above.keys() for _, term in terms):
            continue
        out = Sum()
        for coefficient, term in [*terms, (total.constant, Product())]:
            if coefficient != 0.0:
                sign, multiple = _times(term, factors, product.below)
                if multiple.above or multiple.below:
                    out.add(sign * coefficient * product.coefficient, multiple)
                else:
                    out.add_constant(sign * coefficient * product.coefficient)
        return written_sum(out), MOST_LONGER if poles else -1
    return None, 0


def _times(
    term: Product, above: dict[Expression, int], below: dict[Expression, int]
) -> tuple[float, Product]:
    """The term, without its coefficient, times a quotient some of whose factors cancel some of the term's: a
    sign and a product without one."""
    result = Product(1.0, dict(term.above), dict(term.below))
    for factors, inverse in ((above, False), (below, True)):
        for base, exponent in factors.items():
            result.multiply(base, exponent, inverse)
    # Opposite sums may have come together: x*(u - v)*(1 + w/(x*(v - u))) is x*(u - v) - w.
    _align(result)
    _cancel(result)
    return result.coefficient, Product(1.0, result.above, result.below)
