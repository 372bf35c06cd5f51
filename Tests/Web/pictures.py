"""Pictures of each page, at desk and phone, light and dark: `Tests/Web/run PROGRAMS --pictures DIRECTORY`.

docs/pictures has those that documents show.
"""
import json
import os
import time

PEOPLE = ["Zoë Müller <zoe@example.com>", "Ada Byron <ada@example.org>", "Ines Ortega <ines@example.net>", "Sam Lee <sam@example.com>"]


def fill(place):
    """Mail of every template, some of it refused, some of it deferred."""
    for number in range(14):
        person = PEOPLE[number % len(PEOPLE)]
        name = ["order-shipped", "password-reset", "hello"][number % 3]
        sample = os.path.join(place.templates, name, "sample.json")
        place.outspool("submit", name, "--to", person, "--params", sample)
    for number in range(3):
        place.outspool("submit", "hello", "--to", "refused@example.com", "-p", "name=Refused")
    place.outspool("submit", "hello", "--to", "later@example.com", "-p", "name=Later")
    deadline = time.monotonic() + 60
    while place.json("/api/messages")["total"] < 15 and time.monotonic() < deadline:
        time.sleep(0.2)
    # A few samples for the curve.
    time.sleep(25)


def make(place, browser, folder):
    os.makedirs(folder, exist_ok=True)
    fill(place)
    mails = place.json("/api/messages")["messages"]
    shipped = next(mail for mail in mails if mail["template"] == "order-shipped")
    dead = json.loads(place.outspool("ls", "--state", "dead", "--json").stdout.splitlines()[0])["id"]
    pages = {
        "mail": "/mail?live=off", "message": f"/mail/{shipped['id']}", "templates": "/templates",
        "template": "/templates/order-shipped", "queue": "/queue?live=off", "job": f"/queue/jobs/{dead}",
        "dead": "/queue/dead", "jobs": "/queue/jobs?state=done",
    }
    for width, dark in [("desk", False), ("desk", True), ("phone", False), ("phone", True)]:
        seen = browser(width, dark)
        for name, path in pages.items():
            seen.visit(place, path)
            time.sleep(0.3)
            seen.picture(os.path.join(folder, f"{name}-{width}{'-dark' if dark else ''}.png"))
        seen.driver.quit()
