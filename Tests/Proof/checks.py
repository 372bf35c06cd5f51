"""What must hold for every scenario: right after a death, and in the end."""
import json
import os

import injection
from place import Loss
from scenarios import Run


def is_at_rest(place):
    """Whether no job is under way or waits to be looked at."""
    return not any(
        place.names(state) for state in place.states if state == "new" or state.startswith(("cur/", "drop/")))


def waits(place):
    return any(place.names(state) for state in place.states if state.startswith("retry/") or state == "scheduled")


def events(place):
    """The event jobs: the outcomes that they tell, and their files."""
    found = {}
    for name, group in place.jobs().items():
        if name.startswith("event-"):
            for file in group:
                params = (file.object or {}).get("params", {})
                found.setdefault((params.get("job"), params.get("event")), []).append((name, file))
    return found


def answers(place):
    """What producers of drop boxes may read: the state that each job of theirs is said to be in."""
    found = {}
    for box in place.names("drop"):
        for name in place.names(f"drop/{box}/out"):
            with open(os.path.join(place.spool, "drop", box, "out", name)) as file:
                found[f"{name}@{box}"] = json.load(file)["state"]
    return found


def are_told(scenario, place):
    """Whether every outcome that is to be told was told, and every box says how its jobs have ended."""
    if not scenario.told:
        return True
    found, said = events(place), answers(place)
    return all((job, word) in found for job, words in scenario.told.items() for word in words) and all(
        said.get(job.place_name) == job.end for job in scenario.jobs if job.box)


def were_told(scenario, place):
    """Each outcome has one event job, which was done, and they were told in the order in which they came about."""
    found = events(place)
    expected = {(job, word) for job, words in scenario.told.items() for word in words}
    if set(found) != expected or any(len(group) != 1 for group in found.values()):
        raise Loss(f"told of {sorted(found)}, not of {sorted(expected)}\n{place.log[-2000:]}")
    for job, words in scenario.told.items():
        first = []
        for word in words:
            (name, file), = found[(job, word)]
            if not file.state.startswith("done") or not place.runs(name):
                raise Loss(f"{name}, {word} of {job}, is in {file.state}, {file.words}\n{place.log[-2000:]}")
            first.append(place.first_run(name))
        if first != sorted(first):
            raise Loss(f"the outcomes {words} of {job} were told in the order {first}\n{place.log[-2000:]}")


def before_it_is_due(scenario, place):
    """What is not to be sent yet is not sent."""
    for job in scenario.jobs:
        if job.rests and any(recipient in place.copies() for recipient in job.recipients):
            raise Loss(f"{job.name} was sent before its time\n{place.log[-2000:]}")


def groups(scenario):
    """The scenario's jobs by the name that they share outside of drop boxes."""
    found = {}
    for job in scenario.jobs:
        found.setdefault(job.place_name, []).append(job)
    return found


def after_a_crash(scenario, place):
    """Nothing runs: every job is there once, and no state says what its history does not."""
    files = place.jobs()
    objects = [file.object for group in files.values() for file in group]
    for name, jobs in groups(scenario).items():
        found = files.get(name, [])
        states = [file.state for file in found]
        stays = [job for job in jobs if job.end not in ("gone", "discarded", "foundling")]
        # A drop box's original stays until its copy is on disk,
        # and a job with secrets stays in cur/ until its masked copy is.
        most = len(jobs) + (1 if any(job.box or job.kept != job.object for job in jobs) else 0)
        if not len(stays) <= len(found) <= most:
            raise Loss(f"{name} is in {states}, {place.log[-1000:]}")
        for job in jobs:
            if job.end not in ("gone", "discarded") and job.object not in objects and job.kept not in objects:
                raise Loss(f"the object of {name} is nowhere, {place.log[-1000:]}")
            if job.end == "gone" and not found and not all(place.copies().get(to) for to in job.recipients):
                raise Loss(f"{name} is gone and was not sent")
        for file in found:
            is_consistent(name, file, stays or jobs)
    for name, group in files.items():
        for file in group:
            if file.object is None:
                raise Loss(f"{file.state}/{name} is no job: {file.bytes[:200]}")


def is_consistent(name, file, jobs):
    """The history was written before the rename: a state never says more than it."""
    words, holder = file.words, file.state.split("/")[0]
    last = words[-1] if words else None
    if any(job.state == file.state and job.history and file.bytes.endswith(job.history.encode()) for job in jobs):
        return  # As it was put there.
    if holder == "done":
        # Recipients that a pre-written history says were sent are among them.
        right = all(file.sent(to) for to in next(iter(jobs)).recipients) and (
            "done" in words or not isinstance(jobs[0], Run))
    elif holder == "dead":
        right = any(word in ("refused", "expired", "dead") for word in words)
    elif holder == "hold":
        right = "in-doubt" in words or "held" in words
    elif holder == "retry":
        right = last in ("deferred", "sent", "refused", "in-doubt", "blocked")
    elif holder == "scheduled":
        right = last == "scheduled"
    elif holder == "new":
        right = last not in ("sending", "running")
    else:
        right = True
    if not right:
        raise Loss(f"{file.state}/{name} has the history {words}")


def at_the_end(scenario, place):
    """Nothing runs, nothing waits: each job is where it ends, and the relay got what the histories say."""
    if not is_at_rest(place) or waits(place):
        raise Loss(f"not at rest: {place.files()}")
    after_a_crash(scenario, place)
    files, copies = place.jobs(), place.copies()
    known = groups(scenario)
    for name, jobs in known.items():
        found = files.get(name, [])
        stays = [job for job in jobs if job.end not in ("gone", "discarded", "foundling")]
        if len(found) != len(stays):
            raise Loss(f"{name} ended in {[file.state for file in found]}\n{place.log[-2000:]}")
        for job in jobs:
            file = found[0] if found and job in stays else None
            if file is not None:
                has_ended(name, job, file, place)
                if isinstance(job, Run):
                    were_announced(name, file, place)
            for recipient, (least, most) in job.recipients.items():
                count = copies.get(recipient, 0)
                doubts = found[0].announced(recipient) if found else 0
                held = file is not None and file.state == "hold"
                if job.end == "gone":
                    # The history that announced is gone with the job.
                    doubts = 1
                if count < (0 if held else least) or count > most + doubts:
                    raise Loss(
                        f"{recipient} of {name} got {count} copies, with {doubts} doubts: "
                        f"{found[0].words if found else None}\n{place.log[-2000:]}")
    if scenario.told:
        were_told(scenario, place)
    foundlings = [job.object for jobs in known.values() for job in jobs if job.end == "foundling"]
    for name, group in files.items():
        if name in known or scenario.told and name.startswith("event-"):
            continue
        for file in group:
            if file.state != "dead" or file.object not in foundlings:
                raise Loss(f"{file.state}/{name} came from nowhere: {file.bytes[:300]}")
            foundlings.remove(file.object)
    if foundlings:
        raise Loss(f"not in dead/: {foundlings}")


def were_announced(name, file, place):
    """Each run of a program is in the history, and was not to be avoided."""
    runs, words = place.runs(name), file.words
    again = sum(word in ("deferred", "in-doubt", "returned", "requeued") for word in words)
    if runs > words.count("running") or words.count("running") > 1 + again or (file.state.startswith("done") and not (
            runs or words[:2] == ["running", "done"])):
        raise Loss(f"{name} ran {runs} times, and its history is {words}\n{place.log[-2000:]}")


def has_ended(name, job, file, place):
    holder = file.state.split("/")[0]
    if file.object != (job.kept if holder == "done" else job.object):
        raise Loss(f"{name} has another object: {file.bytes[:300]}")
    if holder == job.end:
        return
    # Twice in doubt is held, and so is once where a second mail is worse than none.
    doubts = len({event.get("attempt") for event in file.events if event["event"] == "in-doubt"})
    if holder == "hold" and doubts >= (1 if job.may_hold else 2):
        return
    raise Loss(f"{name} ended in {file.state}, not in {job.end}: {file.words}\n{place.log[-2000:]}")


def fault_is_told(point, lines, place):
    """A line says what the system said, unless nothing came of it."""
    log = place.log
    if point.call == "write" and point.lasting:
        return  # The log's own lines were lost, too.
    for line in lines:
        # A run that came to another call than the recorded one: the templates', or the log's own.
        if place.spool not in line:
            continue
        # Written again within a second; a hint.
        if "status" in line or "sync_file_range" in line:
            continue
        # Litter, which is swept.
        if line.split("(")[0].endswith("unlinkat") and "/tmp>" in line:
            continue
        # A full disk is no reason not to start; a mode that keeps the owner out is mended.
        if point.error in ("ENOSPC", "EDQUOT") and "O_CREAT" in line and "/tmp>" in line and ": ready" in log:
            continue
        if point.error == "EACCES" and "O_APPEND" in line:
            continue
        if injection.TEXTS[point.error] not in log:
            raise Loss(f"nothing is said of {line}\n{log[-2000:]}")
