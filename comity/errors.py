"""What can go wrong, whose fault it is, and what is possible instead.

ComityError                    every error that a person or an operator can mend
├── Refused                    the act is not possible; nothing has changed (exit code 1)
│   ├── NotOpen                no row of the lifecycle allows it while the part stands as it does
│   ├── NotYours               the person is unknown, or does not hold the role
│   ├── Stale                  the part has moved on since the person looked
│   ├── Objection              a guard of the row objects, with its reason
│   ├── Doubtful               a receipt is not the recipient's, or not of what was sent
│   ├── DeedReused             the id was used for another deed
│   ├── Unreadable             the input cannot be read as what it should be: one fault a line
│   ├── AlreadyKnown           this State has sent, or told, it before
│   └── NotFound               no request, measure, package or exhibit of that name
├── Unreachable                a server that is needed does not answer (exit code 3)
│   └── Busy                   the request takes no act at this moment; the same may be said again
├── KeyGone                    the key was destroyed: what it closed cannot be opened again, by design
└── Fault                      the record disagrees with itself: a person must look (exit code 1, `doctor` names it)
    ├── RecordDisagrees        the same version, with another digest
    └── Tampered               bytes are not what their seal, tag or tree says
"""


class ComityError(Exception):
    """An error that a person or an operator can mend. Its text names no person, account or offence."""


class Refused(ComityError):
    """The act is not possible; nothing has changed."""


class NotOpen(Refused):
    """No row of the lifecycle allows this act while the part stands as it does."""


class NotYours(Refused):
    """The person is unknown, or does not hold the role."""


class Stale(Refused):
    """The part has moved on since the person looked."""


class Objection(Refused):
    """A guard of the row objects, with its reason."""


class Doubtful(Refused):
    """What was handed in as a receipt is not the recipient's, or not of what was sent to them."""


class DeedReused(Refused):
    """The id was used for another deed."""


class Unreadable(Refused):
    """The input cannot be read as what it should be. Its text has one fault a line, each with its path."""


class AlreadyKnown(Refused):
    """This State has sent this reference, or told the same by voice, before."""


class NotFound(Refused):
    """No request, measure, package or exhibit of that name."""


class Unreachable(ComityError):
    """A server that is needed does not answer."""


class Busy(Unreachable):
    """The request takes no act at this moment; the same may be said again."""


class KeyGone(ComityError):
    """The key was destroyed: what it closed cannot be opened again, by design."""


class Fault(ComityError):
    """The record disagrees with itself: a person must look."""


class RecordDisagrees(Fault):
    """The same version of a request, with another digest."""


class Tampered(Fault):
    """Bytes are not what their seal, tag or tree says."""


def _tree(root: type[ComityError]) -> dict[str, type[ComityError]]:
    named = {root.__name__: root}
    for branch in root.__subclasses__():
        named |= _tree(branch)
    return named


BY_NAME = _tree(ComityError)
"""Each error by its name, to meet again on the other side of a wire what was raised on this one."""
