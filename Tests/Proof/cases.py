"""What all proofs are told, and how they hold many cases against their promise."""
import concurrent.futures
import sys

from place import Loss, Place


def parse(parser):
    """The options; every daemon that the proof starts has as many workers as they say."""
    default = parser.get_default("workers") or 1
    parser.add_argument(
        "--workers", type=int, default=default, help=f"how many processes of a daemon deliver ({default})")
    options = parser.parse_args()
    Place.workers = options.workers
    return options


def run_all(cases, name, check, threads):
    """Holds all cases, several at a time; what `check` gave for each that is not lost, and how many are. `name` is
    a function of a case, for the line that tells of its loss."""
    def one(case):
        try:
            return check(case), None
        except Loss as error:
            return None, f"LOSS {name(case)}: {error}"

    found, losses = [], 0
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for result, loss in pool.map(one, cases):
            if loss:
                losses += 1
                print(loss, flush=True)
            else:
                found.append(result)
    return found, losses


def chosen(cases, name, only):
    """The cases whose names begin with one of the words of `only`, which has commas between them; all without it."""
    prefixes = tuple(filter(None, only.split(",")))
    return [case for case in cases if not prefixes or name(case).startswith(prefixes)]


def end(said, losses):
    """Says what was done, and ends the proof."""
    print(f"{said}: {losses} losses")
    sys.exit(1 if losses else 0)
