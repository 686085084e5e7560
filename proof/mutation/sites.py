"""Places in a module at which the code can be made to do something else, and what else: nothing here runs anything."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any, Final

_COMPARED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_COMPUTED: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Add,
}  # fmt: skip
# What these do is told to people, or is there for proofs alone.
_SAYING: Final = {"log", "logger", "failpoints", "warnings"}


@dataclass(frozen=True, kw_only=True)
class Site:
    """One place: where it stands, what stands there, and what makes it another."""

    line: int
    was: str
    change: Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A module in which one place is another. `statement` is the line on which the statement begins."""

    line: int
    was: str
    becomes: str
    code: CodeType


def count(source: str) -> int:
    """This function will return in how many places a module can be changed."""
    return len(list(_sites(ast.parse(source))))


def mutant(source: str, path: str, number: int) -> Mutant:
    """This function will return the module with its place of that number changed, compiled.

    :raises IndexError: if it has not so many.
    """
    tree = ast.parse(source)
    site, node = list(_sites(tree))[number]
    site.change()
    return Mutant(line=site.line, was=site.was, becomes=ast.unparse(node), code=compile(tree, path, "exec"))


def functions_of(code: CodeType) -> dict[tuple[str, int], CodeType]:
    """This function will return every function's code inside a module's, by its name and first line."""
    found = {}
    for one in code.co_consts:
        if isinstance(one, CodeType):
            found[one.co_qualname, one.co_firstlineno] = one
            found |= functions_of(one)
    return found


def _sites(tree: ast.Module) -> Iterator[tuple[Site, ast.stmt]]:
    """Inside functions alone: what stands outside has been done when a module is loaded."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            for statement in node.body:
                yield from _of_statement(statement)


def _of_statement(statement: ast.stmt) -> Iterator[tuple[Site, ast.stmt]]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.Assert | ast.Raise) or _only_says(statement):
        return
    for change in _changes(statement):
        yield Site(line=statement.lineno, was=_head(statement), change=change), statement
    for inner in _blocks(statement):
        yield from _of_statement(inner)


def _blocks(statement: ast.stmt) -> Iterator[ast.stmt]:
    for name in ("body", "orelse", "finalbody"):
        yield from getattr(statement, name, ())
    for handler in getattr(statement, "handlers", ()):
        yield from handler.body


def _expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a statement that are no statements of its blocks, and no annotations."""
    waiting: list[Any] = [one for name, one in ast.iter_fields(statement) if name != "annotation"]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, list):
            waiting = [*one, *waiting]
        elif isinstance(one, ast.AST) and not isinstance(one, ast.stmt | ast.ExceptHandler | ast.JoinedStr):
            yield one
            waiting = [*ast.iter_child_nodes(one), *waiting]


def _changes(statement: ast.stmt) -> Iterator[Callable[[], None]]:
    """A call that is left out, a value that is not returned, a condition that is denied, and what its nodes can be."""
    match statement:
        case ast.Expr(value=ast.Call()):
            yield _setting(statement, "value", ast.Constant(value=None))
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield _setting(statement, "value", ast.Constant(value=None))
        case ast.If(test=ast.Name() | ast.Attribute() | ast.Call() as test):
            yield _setting(statement, "test", ast.UnaryOp(op=ast.Not(), operand=test))
        case _:
            pass
    for node in _expressions(statement):
        yield from _of_node(node)


def _of_node(node: ast.AST) -> Iterator[Callable[[], None]]:
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in _COMPARED:
            yield _setting(node, "ops", [_COMPARED[type(operator)]()])
        case ast.BoolOp(op=junction):
            yield _setting(node, "op", ast.Or() if isinstance(junction, ast.And) else ast.And())
        case ast.IfExp(test=test):
            yield _setting(node, "test", ast.UnaryOp(op=ast.Not(), operand=test))
        case ast.Constant(value=bool() as truth):
            yield _setting(node, "value", not truth)
        case ast.Constant(value=int() as number):
            yield _setting(node, "value", number + 1)
        case _:
            yield from _of_operation(node)


def _of_operation(node: ast.AST) -> Iterator[Callable[[], None]]:
    match node:
        case ast.BinOp(op=operator) if type(operator) in _COMPUTED:
            yield _setting(node, "op", _COMPUTED[type(operator)]())
        case ast.UnaryOp(op=ast.Not(), operand=denied):
            yield _setting(node, "operand", ast.UnaryOp(op=ast.Not(), operand=denied))
        case ast.UnaryOp(op=ast.USub()):
            yield _setting(node, "op", ast.UAdd())
        case _:
            pass


def _setting(node: ast.AST, name: str, value: Any) -> Callable[[], None]:
    def change() -> None:
        setattr(node, name, value)
        ast.fix_missing_locations(node)

    return change


def _only_says(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.If) and isinstance(statement.test, ast.Name) and statement.test.id == "__debug__":
        return True
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Constant):
        return True
    return isinstance(call, ast.Call) and ast.unparse(call.func).partition(".")[0] in _SAYING


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _head(statement: ast.stmt) -> str:
    return ast.unparse(statement).partition("\n")[0]
