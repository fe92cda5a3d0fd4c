"""What is wrong with a file or an option that a person wrote, in words: where, why, what may stand there instead."""

from collections.abc import Iterator
from difflib import get_close_matches

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from comity.request.model import record_at


def faults_of(error: ValidationError, model: type[BaseModel], whole: str) -> Iterator[str]:
    """Each fault of what was to be that record, as `people.anna.roles: is missing`; `whole` is its own name."""
    for fault in error.errors():
        yield f"{'.'.join(map(str, fault['loc'])) or whole}: {worded(fault, model)}"


def worded(fault: ErrorDetails, model: type[BaseModel]) -> str:
    """What is wrong at the place of one fault; of a key that no such record has, which was meant or which there are."""
    match fault["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return _no_such_key(str(fault["loc"][-1]), list(record_at(model, fault["loc"][:-1]).model_fields))
        case "value_error":
            return str(fault["ctx"]["error"])
        case _:
            return fault["msg"]


def _no_such_key(key: str, known: list[str]) -> str:
    near = get_close_matches(key, known, n=1)
    return "is no key here; " + (f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}")
