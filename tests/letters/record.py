"""The golden texts, written anew: `python -m tests.letters.record`, when a text was changed on purpose."""

from comity.letters.kinds import kinds
from comity.letters.rendering import file_of, render
from tests.letters.invented import view
from tests.letters.test_texts import GOLDEN

if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for kind in kinds().values():
        (GOLDEN / file_of(kind.id)).write_text(render(view(kind)))
