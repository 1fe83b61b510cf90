#!/usr/bin/env python3
"""Verifies a destruction log of retentiond, without retentiond. Written from docs/log-format.md alone.

    verify.py DIR [--vkey FILE] [--checkpoint FILE]... [--earlier DIR]... [--now SECONDS]

Prints FAIL, OK-UNANCHORED or OK-ANCHORED-TO-N, and what was found; exits 0 or 4. Needs Python 3.9 or later; signatures are
checked where the module `cryptography` is installed, calendars' texts where Python is 3.11 or later, and it says so where they are not. Reads the log once, in order.
"""

import argparse
import base64
import bisect
import calendar as months
import contextlib
import datetime
import errno
import functools
import hashlib
import io
import json
import os
import re
import stat
import sys
import time
import zoneinfo

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    Ed25519PublicKey = None

try:
    import tomllib
except ImportError:
    tomllib = None

WIDTH = 256
LONGEST_KEY, LONGEST_CHECKPOINT, LONGEST_TILE, LONGEST_TEXT = 4_096, 1_000_000, 32 * WIDTH, 1 << 20
LONGEST_LEAF, LONGEST_SEGMENT, SEGMENT_HEAD = 60_000, 256 << 20, 28
DAY = 86_400
# What Unicode calls white space; Python's own idea of it has four control characters more.
BLANKS = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
GONE = "DAi"
TOLERANCE = 300
YEAR_OVERLAP = 60 * DAY
STANDS = 15 * DAY
NAMES_KEPT = 900_000
ATTEMPTS = 4
FIRST_DAY, LAST_DAY = -719_162, 2_932_896
PERIOD = r"P(?:([0-9]+)Y)?(?:([0-9]+)M)?(?:([0-9]+)W)?(?:([0-9]+)D)?(T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)S)?)?"
EARLIEST_ZONE = 14 * 3_600
RAILS = {"share", "count", "median", "empty", "rules", "mapping", "guesses", "backlog", "restored"}
DISPOSES = {"destroy", "anonymize"}
SCOPES = {"record", "reference", "subject", "series", "rule", "where"}
LETS_GO_AGAIN = {"missing_fence", "resurrected", "fence_table_dropped", "lifted"}
LOOKED = ["missing_fence", "fence_table_dropped"]
CORRECTIONS = LETS_GO_AGAIN | {"altered_fence", "completed", "released", "clock"}
ENDS_LEFT = {"completed", "released"}
ANSWERS = {"lifted", "released", "clock"}
OF_NO_BATCH = {"lifted", "clock"}
LEVELS = {"logical", "page-clean", "log-clean", "backup-expired"}


class Malformed(Exception):
    """Bytes are not of the form that the format asks for."""


# --- hashes -----------------------------------------------------------------------------------------------------------------


def leaf_hash(leaf):
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A growing tree, of which only the roots of complete subtrees are kept."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def push(self, value, level=0):
        """Adds a hash; returns (level, hash) for every subtree that it completes."""
        done, index = [(0, value)], self.size
        while index % 2 == 1:
            value, index, level = node_hash(self.peaks.pop(), value), index // 2, level + 1
            done.append((level, value))
        self.peaks.append(value)
        self.size += 1
        return done

    def root(self):
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


# --- notes ------------------------------------------------------------------------------------------------------------------


def unbase64(text):
    value = base64.b64decode(text, validate=True)
    if base64.b64encode(value).decode() != text:
        raise ValueError("bits behind the last byte")
    return value


PRIME = 2**255 - 19
CURVE = -121_665 * pow(121_666, -1, PRIME) % PRIME


def binds_somebody(public):
    """Whether 32 bytes are a point of Ed25519's curve that is not of small order: under such a one, signatures of anything can be made up."""
    y = int.from_bytes(public, "little") % 2**255 % PRIME
    square = (y * y - 1) * pow(CURVE * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if x * x % PRIME != square:
        x = x * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    if x * x % PRIME != square:
        return False
    for _ in range(3):
        x, y = double(x, y)
    return (x, y) != (0, 1)


def double(x, y):
    product = CURVE * x * x * y * y
    return 2 * x * y * pow(1 + product, -1, PRIME) % PRIME, (y * y + x * x) * pow(1 - product, -1, PRIME) % PRIME


def is_key_name(name):
    """A name of a key is not empty, and has neither a plus sign nor any kind of blank."""
    return bool(name) and "+" not in name and not any(char in BLANKS or is_control(char) for char in name)


def is_control(char):
    return ord(char) < 32 or 127 <= ord(char) < 160


class Key:
    """A verifier key: NAME+HASH+BASE64."""

    def __init__(self, text):
        try:
            self.name, known, encoded = text.split("+", 2)
            blob = unbase64(encoded)
        except ValueError as error:
            raise Malformed(f"not a verifier key: {error}") from error
        self.text, self.public = text, blob[1:]
        self.id = hashlib.sha256(self.name.encode() + b"\n" + blob).digest()[:4]
        if len(blob) != 33 or blob[0] != 1 or self.id.hex() != known or not is_key_name(self.name):
            raise Malformed("not an Ed25519 verifier key of a log")
        if not binds_somebody(self.public):
            raise Malformed("a verifier key is no point of its curve, or one under which anybody can sign")

    def verifies(self, note):
        """True or False; None where signatures cannot be checked here."""
        mine = [signature[4:] for name, signature in note.signatures if (name, signature[:4]) == (self.name, self.id)]
        if not mine:
            return False
        if Ed25519PublicKey is None:
            return None
        try:
            for signature in mine:
                Ed25519PublicKey.from_public_bytes(self.public).verify(signature, note.text.encode())
            # The first half is a point too, and of small order in no signature that a signer made.
            return all(binds_somebody(signature[:32]) for signature in mine)
        except InvalidSignature:
            return False


class Checkpoint:
    """A signed note with three lines: origin, size, root."""

    def __init__(self, data):
        try:
            note = data.decode()
            text, lines = note.rsplit("\n\n", 1)
            self.text = text + "\n"
            self.signatures = [self.signature(line) for line in lines.removesuffix("\n").split("\n")]
            self.origin, size, root = text.split("\n")
            self.size, self.root = int(size), unbase64(root)
        except ValueError as error:
            raise Malformed(f"not a checkpoint: {error}") from error
        if len(data) > 1_000_000 or len(self.signatures) > 100:
            raise Malformed("not a checkpoint: it is larger than 1 MB, or carries more than 100 signatures")
        bad = any(is_control(char) and char != "\n" for char in note) or not note.endswith("\n")
        if bad or str(self.size) != size or len(self.root) != 32 or not self.origin:
            raise Malformed("not a checkpoint")

    @staticmethod
    def signature(line):
        dash, name, encoded = line.split(" ")
        value = unbase64(encoded)
        if dash != "\u2014" or not is_key_name(name) or len(value) < 5:
            raise ValueError("a signature line is malformed")
        return name, value


# --- leaves -----------------------------------------------------------------------------------------------------------------

# Type codes: t text, i integer, n count (0 or more), u count of 32 bits, y integer of 32 bits, b boolean, d digest, D date, [x] list of x,
# <x> map to x, a word: an object of SHAPES; a question mark: may be absent, and is absent rather than empty.
FIELDS = {
    "genesis": "origin:t tool:t vkey:t predecessor:predecessor?",
    "calendar": "number:t version:u digest:d effective_from:D effective_until:D? zone:t rules:<rule> more:b?",
    "mapping": "series:t source:t table:t key:[t] reference:t? digest:d",
    "approval": "plan:t digest:d actor:t only:[t]? excepted:n accepted:[t]? governed:<governed>",
    "rejection": "plan:t digest:d actor:t reason:d",
    "hold": "hold:t action:t actor:t scope:t source:t? series:t? rule:t? year:y? fp:t? reason:d review_by:D?",
    "intent": "batch:n of:u run:t plan:t source:t series:t rule:t calendar:t version:u action:t year:y n:u fp:t rfp:t? day:[y]",
    "outcome": "batch:n intent:n committed:b recovered:b? results:t rows:<n> detached:n? triggered:n? files:<n>? bytes:n left:n",
    "sanitized": "run:t source:t level:t method:t",
    "run": "run:t plan:t actor:t started:i finished:b counts:<n> rows:n detached:n? triggered:n? files:n bytes:n verdicts:<<n>> more:b?",
    "refused": "plan:t? actor:t reasons:[t]",
    "correction": "source:t what:t batch:n? earlier:earlier? back:t? ended:t? actor:t? reason:d? records:n unnamed:n?",
    "heartbeat": "overdue:<n> holds:n",
    "fpkey": "source:t year:y commitment:d",
    "fpkey_destroyed": "source:t year:y actor:t",
    "sigkey": "vkey:t actor:t",
}
SHAPES = {
    "predecessor": "origin:t size:n root:d partial:b? reason:d actor:t",
    "earlier": "origin:t batch:n",
    "rule": "series:t disposition:t ways:[way] year_end:t?",
    "way": "trigger:t keep:t",
    "governed": "rules:d mapping:d",
}
NUMBER = "0|[1-9][0-9]*"
TYPES = {"t": str, "i": int, "n": int, "u": int, "y": int, "b": bool, "d": str, "D": str}
LIMITS = {"i": (-2**63, 2**63), "n": (0, 2**64), "u": (0, 2**32), "y": (-2**31, 2**31)}
PARTED = {"calendar": "rules", "run": "verdicts"}
COUNTS = ["destroyed", "anonymized", "held", "blocked", "drifted", "deferred", "incomplete", "failed"]
VERDICTS = ["open", "undated", "not_yet", "held", "blocked", "due", "filtered"]


def parse_leaf(data):
    try:
        leaf = json.loads(data.decode("ascii"))
        canonical = json.dumps(leaf, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
        if b"\\ud" in data:
            json.dumps(leaf, ensure_ascii=False).encode()  # Refuses half of a surrogate pair.
    except (ValueError, RecursionError) as error:
        raise Malformed(f"no JSON: {error}") from error
    if len(data) > LONGEST_LEAF or canonical != data or not isinstance(leaf, dict) or leaf.get("kind") not in FIELDS:
        raise Malformed("not in canonical form, or of an unknown kind")
    check_fields(leaf, "kind:t at:i " + FIELDS[leaf["kind"]])
    return leaf


def check_fields(record, shape):
    """An object has the fields of its shape, each of its type, and no others."""
    fields = shape.split()
    for field in fields:
        name, code = field.rstrip("?").split(":")
        if name in record:
            check_value(name, code, record[name])
            if field.endswith("?") and code != "y" and record[name] in ([], {}, False):
                raise Malformed(f"field {name} is empty instead of absent")
        elif not field.endswith("?"):
            raise Malformed(f"field {name} is missing")
    unknown = set(record) - {field.split(":")[0] for field in fields}
    if unknown:
        raise Malformed(f"unknown fields {sorted(unknown)}")


def check_value(name, code, value):
    is_list, is_map = code.startswith("["), code.startswith("<") or code in SHAPES
    # Not isinstance: to Python a boolean is an integer.
    if type(value) is not (list if is_list else dict if is_map else TYPES[code]):
        raise Malformed(f"field {name} is of another type")
    if code in SHAPES:
        check_fields(value, SHAPES[code])
    elif is_list or is_map:
        for item in value if is_list else value.values():
            check_value(name, code[1:-1], item)
    elif (code == "d" and not re.fullmatch("[0-9a-f]{64}", value)) or (code == "D" and not is_date(value)):
        raise Malformed(f"field {name} is no digest, or no date")
    elif code in LIMITS and not LIMITS[code][0] <= value < LIMITS[code][1]:
        raise Malformed(f"field {name} is out of range")


def is_date(text):
    try:
        return re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None and bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False


def fingerprints(text, count):
    """The fingerprints in base64url, or None where they are not `count`."""
    try:
        value = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    if base64.urlsafe_b64encode(value).decode().rstrip("=") != text or len(value) != 32 * count:
        return None
    return [value[place:place + 32] for place in range(0, len(value), 32)]


def letters(text, count):
    """The letters of an outcome, or None where they are not `count` in canonical form."""
    runs = re.findall(r"([1-9][0-9]{0,5})([DAhbcgrif])", text)
    if "".join(number + letter for number, letter in runs) != text:
        return None
    if any(one[1] == other[1] for one, other in zip(runs, runs[1:])) or sum(int(number) for number, _ in runs) != count:
        return None
    return "".join(letter * int(number) for number, letter in runs)


def marks(text, marked, other):
    """(records told of, records marked, spans of the marked ones) of a correction's list, or None where it is not in canonical form."""
    runs = re.findall(f"([1-9][0-9]{{0,19}})([{marked}{other}])", text)
    if not runs or "".join(number + letter for number, letter in runs) != text or any(one[1] == other[1] for one, other in zip(runs, runs[1:])):
        return None
    spans, end = [], 0
    for number, letter in runs:
        begin, end = end, end + int(number)
        if letter == marked:
            spans.append((begin, end))
    return (end, sum(end - begin for begin, end in spans), spans) if end < 2**64 else None


def is_within(spans, place):
    """Whether one of these spans, in order and apart from each other, has this place."""
    following = bisect.bisect(spans, (place, 2**64))
    return following > 0 and place < spans[following - 1][1]


def meets(spans, begin, end):
    """Whether one of these spans, in order, has a place of this one."""
    following = bisect.bisect_left(spans, (end, 0))
    return following > 0 and spans[following - 1][1] > begin


# --- dates ------------------------------------------------------------------------------------------------------------------

EPOCH = datetime.date(1970, 1, 1)


@functools.cache
def zones():
    """Names of the tz database; a machine has other files beside them."""
    return zoneinfo.available_timezones() - {"Factory", "localtime"}


def is_zone(name):
    return name in zones()


def start_of(day, zone):
    """The first second of a civil day, also where midnight is skipped: civil days grow with time, so bisect."""
    if day.year == 1:
        # No day before it can be told here, so none can be bisected from; and no zone changes its clocks that early.
        midnight = datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.timezone.utc)
        return int(midnight.timestamp() - midnight.replace(tzinfo=zone).utcoffset().total_seconds())
    noon = int(datetime.datetime(day.year, day.month, day.day, 12, tzinfo=datetime.timezone.utc).timestamp())
    before, after = noon - 3 * DAY, noon + 3 * DAY
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.datetime.fromtimestamp(middle, zone).date() < day:
            before = middle
        else:
            after = middle
    return after


def not_before(rule, day, zone, trigger=None):
    """The first second at which a record can be due, by the ways of this trigger or by any; None: never."""
    dues = []
    for way in rule["ways"]:
        if trigger not in (None, way["trigger"]):
            continue
        try:
            dues.append(way_not_before(way["keep"], rule.get("year_end"), EPOCH + datetime.timedelta(days=day), zone))
        except OverflowError:
            pass
    return min(dues, default=None)


def is_due(rule, others, day, zone, at):
    """Whether a record can be due by `at` under a rule and all others of its series that start from the same trigger only."""
    for trigger in {way["trigger"] for way in rule["ways"]}:
        same = [other for other in others if {way["trigger"] for way in other["ways"]} == {trigger}]
        dues = [not_before(rule, day, zone, trigger)] + [not_before(other, day, zone) for other in same]
        if all(due is not None and due <= at for due in dues):
            return True
    return False


def rules_digest(calendar, series):
    """What an approval binds a series to: the digest of the rules on it."""
    rules = sorted((number, rule) for number, rule in calendar["rules"].items() if rule["series"] == series)
    fields = ["rule-set-v1", calendar["zone"], series, len(rules)]
    for number, rule in rules:
        ways = sorted((way["trigger"], way["keep"]) for way in rule["ways"])
        fields += [number, "record", "", "", rule["disposition"], rule.get("year_end", ""), len(ways)] + [text for way in ways for text in way]
    data = [field.to_bytes(8, "big") if isinstance(field, int) else field.encode() for field in fields]
    return hashlib.sha256(b"".join(len(field).to_bytes(8, "big") + field for field in data)).hexdigest()


def way_not_before(keep, year_end, first, zone):
    ended = 0
    if year_end is not None:
        if not re.fullmatch("[0-9]{2}-[0-9]{2}", year_end):
            raise Malformed(f"{year_end} is no year end")
        month, day = map(int, year_end.split("-"))
        end = datetime.date(first.year, month, day)
        first, ended = (end if end >= first else datetime.date(first.year + 1, month, day)), 1
    month_count, days, seconds = span(keep)
    if seconds or keep == "immediate":
        return start_of(plus_days(first, ended), zone) + seconds
    return start_of(plus_days(plus_months(first, month_count), days + 1), zone)


def span(keep):
    """(months, days, seconds) of a period; with a time part, its days are seconds."""
    if keep == "immediate":
        return 0, 0, 0
    match = re.fullmatch(PERIOD, keep)
    if not match or keep.endswith("T") or not re.search("[1-9]", keep):
        raise Malformed(f"{keep} is no period")
    years, month_count, weeks, days, time, hours, minutes, seconds = (
        value if place == 4 else int(value or 0) for place, value in enumerate(match.groups()))
    months_in_all, days = years * 12 + month_count, weeks * 7 + days
    if max(years, month_count, weeks, days, hours, minutes, seconds) >= 2**32 or (time and months_in_all):
        raise Malformed(f"{keep} is no period")
    return (0, 0, days * DAY + hours * 3_600 + minutes * 60 + seconds) if time else (months_in_all, days, 0)


def first_year_of(plan):
    """The first year (of UTC) in which a plan of this name can have been made: its day is a civil one, so UTC's can be the day before."""
    return plus_days(datetime.date.fromisoformat(plan.rpartition("-")[0]), -1).year


def plus_days(day, count):
    return day + datetime.timedelta(days=count)


def plus_months(day, count):
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    if year > 9_998:
        raise OverflowError
    return datetime.date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))


# --- the sense of the entries -----------------------------------------------------------------------------------------------


class Totals(dict):
    """What outcomes tell: records by letter, rows, files and bytes."""

    def __init__(self, leaf=None, results=""):
        super().__init__({letter: results.count(letter) for letter in "DAhbcgrif"}, rows=0, detached=0, triggered=0, files=0, bytes=0)
        if leaf:
            self.update(rows=sum(leaf["rows"].values()), files=sum(leaf.get("files", {}).values()), bytes=leaf["bytes"])
            self.update(detached=leaf.get("detached", 0), triggered=leaf.get("triggered", 0))

    def add(self, other):
        for name, count in other.items():
            self[name] += count

    def settled(self):
        return sum(self[letter] for letter in "DAhbcgif")


def civil(seconds):
    """A time as a person reads it, in UTC; the bare seconds where no calendar reaches."""
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        return f"second {seconds}"


class Ledger:
    """Reads entries in order and notes what does not follow from those before."""

    def __init__(self, origin, now, note):
        self.origin, self.now, self.note = origin, now, note
        self.at, self.index, self.begun, self.sum = None, 0, None, 0
        self.continued = None
        self.keys, self.calendars, self.mappings, self.plans, self.rejected, self.decided = [], {}, {}, {}, set(), {}
        self.governed, self.progress, self.batches = {}, {}, {}
        self.fpkeys, self.holds, self.open, self.committed, self.runs, self.texts = {}, {}, {}, {}, {}, []
        self.announced, self.uncompared_holds = {}, set()
        self.touched = set()
        self.closed, self.gone_plan, self.gone, self.destroyed, self.again = set(), None, {}, {}, 0
        self.went, self.incomplete, self.ended_earlier, self.spoken_of = {}, {}, {}, {}
        self.row = None
        self.dues = {}
        self.before_clock, self.untold_holds, self.let_go, self.excused = set(), {}, {}, 0
        self.kept, self.back, self.back_unplaced = {}, {}, 0
        self.ahead, self.waiting, self.answered, self.until = None, 0, 0, None

    def flaw(self, text):
        self.note(f"entry {self.index}: {text}")

    def read(self, data):
        try:
            leaf = parse_leaf(data)
            if self.at is not None and leaf["at"] < self.at:
                self.flaw(f"it is dated {civil(leaf['at'])}, before the entry that precedes it ({civil(self.at)})")
            self.at = leaf["at"]
            self.read_ahead(leaf)
            if (self.index == 0) != (leaf["kind"] == "genesis"):
                self.flaw("the log does not begin with one genesis entry")
            if self.row and (leaf["kind"] != "intent" or leaf["batch"] != self.row[0]["batch"]):
                self.end_row()
            whole = self.join(leaf)
            if whole:
                self.add_up(whole)
                self.check_actor(whole)
                getattr(self, "read_" + leaf["kind"], lambda leaf: None)(whole)
        except (Malformed, KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
            self.flaw(f"malformed: {error}")
        self.index += 1

    def check_actor(self, leaf):
        """Who answers is a local account, by name and number or by number alone; the daemon's own decisions say so behind it."""
        actor = leaf.get("predecessor", leaf).get("actor", "uid 0")
        account = re.fullmatch("(?:.+ [(](%s)[)]|uid (%s))(?:, automatic mode)?" % (NUMBER, NUMBER), actor, re.DOTALL)
        if not account or int(account[1] or account[2]) >= 2**32:
            self.flaw("its actor is no account by name and number, nor by number alone")

    def add_up(self, leaf):
        """All that entries count together is a number of 64 bits."""
        outcome = [*leaf.get("rows", {}).values(), *leaf.get("files", {}).values()] if leaf["kind"] == "outcome" else []
        run = [*leaf["counts"].values(), leaf["rows"], leaf["files"]] if leaf["kind"] == "run" else []
        run += [count for verdicts in leaf["verdicts"].values() for count in verdicts.values()] if run else []
        one = [leaf[name] for name in ("detached", "triggered", "bytes", "left") if name in leaf]
        if leaf["kind"] in ("approval", "correction"):
            one.append(leaf["excepted" if leaf["kind"] == "approval" else "records"])
        total = self.sum + sum(outcome + run + one)
        if total >= 2**64:
            self.flaw("what it counts is, together with all that was counted before, beyond all numbers")
        else:
            self.sum = total

    def join(self, leaf):
        """The entry of which this leaf is the last part, mostly the leaf itself; None where more of it follows."""
        (begun, last), self.begun = self.begun or (None, None), None
        parted, goes_on = PARTED.get(leaf["kind"]), leaf.pop("more", False)
        end = max(leaf[parted], default=None) if parted else None
        if begun:
            # What was joined so far is not looked at again: there may be thousands of parts.
            differs = any(begun.get(name) != leaf.get(name) for name in {*begun, *leaf} - {parted})
            if not parted or differs or last is None or end is None or last >= min(leaf[parted]):
                self.flaw("the entry before says that more of it follows, and this is not it")
            else:
                begun[parted].update(leaf[parted])
                leaf = begun
        if goes_on:
            self.begun = leaf, end
            return None
        return leaf

    def end_entry(self):
        if self.begun:
            self.flaw("more of it follows, and no entry is left")
        self.begun = None

    def read_ahead(self, leaf):
        """An entry dated after now: a flaw, unless a person answers, here or later, for a clock that lies behind it."""
        is_ahead = self.now is not None and self.at > self.now + TOLERANCE
        self.waiting += is_ahead
        if (leaf["kind"], leaf.get("what")) == ("correction", "clock"):
            self.until = self.at
        if self.until == self.at:
            self.answered, self.waiting, self.ahead = self.answered + self.waiting, 0, None
        elif is_ahead and self.ahead is None:
            self.ahead = (self.index, self.at)

    def end_ahead(self):
        if self.ahead:
            self.note(f"entry {self.ahead[0]}: it is dated {civil(self.ahead[1])}, after now ({civil(self.now)})")

    def end_row(self):
        if self.row and self.row[1] != self.row[0]["of"]:
            self.flaw("the batch before is not whole")
        self.row = None

    def read_genesis(self, leaf):
        before = leaf.get("predecessor", {})
        if leaf["origin"] != self.origin or before.get("origin") == leaf["origin"]:
            self.flaw("the genesis entry is of another log, or the log succeeds itself")
        if before.get("size") == 0 and before["root"] != hashlib.sha256().hexdigest():
            self.flaw("the log names a root of no entries that is none")
        if self.index == 0:
            self.continued = leaf.get("predecessor")
        self.read_sigkey(leaf)

    def read_sigkey(self, leaf):
        key = Key(leaf["vkey"])
        if key.name == self.origin:
            self.keys.append((self.index, key))
        else:
            self.flaw(f"it declares a signing key that is none of this log: it bears the name {key.name}")

    def read_calendar(self, leaf):
        if not is_zone(leaf["zone"]):
            raise Malformed("the tz database knows no such zone")
        zone = zoneinfo.ZoneInfo(leaf["zone"])
        told = {name: leaf[name] for name in leaf if name != "at"}
        if any(told == known for _, known in self.texts):
            return
        name = leaf["number"], leaf["version"]
        first = self.calendars.setdefault(name, (leaf, zone))[0]
        if any(first.get(field) != leaf.get(field) for field in ("effective_from", "effective_until", "zone", "rules")):
            self.flaw("it declares a calendar and version a second time and otherwise")
            return
        self.texts.append((self.index, told))
        for rule in leaf["rules"].values():
            if rule["disposition"] in DISPOSES | {"floor"}:
                self.check_term(rule, zone)

    def check_term(self, rule, zone):
        """A rule has a way for a term to come, no two from one trigger, and each can be reckoned, though a term may lie beyond all dates."""
        triggers = [way["trigger"] for way in rule["ways"]]
        if not triggers or len(set(triggers)) != len(triggers):
            self.flaw("a rule of its calendar gives no way for a term to come, or two from one trigger")
        not_before(rule, 0, zone)

    def read_mapping(self, leaf):
        self.mappings[leaf["series"], leaf["source"], leaf["digest"]] = leaf["table"]

    def read_approval(self, leaf):
        self.check_plan_name(leaf)
        accepted = leaf.get("accepted", [])
        if set(accepted) - RAILS:
            self.flaw("it accepts a guard rail that this format does not know")
        for series, governed in leaf["governed"].items():
            _, before = self.governed.get(series, (None, None))
            if (before is None or before["rules"] != governed["rules"]) and "rules" not in accepted:
                self.flaw("it approves rules that are new, without naming the rail")
            if before is not None and before["mapping"] != governed["mapping"] and "mapping" not in accepted:
                self.flaw("it approves a mapping that is new, without naming the rail")
            self.governed[series] = (leaf["plan"], governed)
        self.plans[leaf["plan"]] = leaf
        self.rejected.discard(leaf["plan"])
        self.before_clock.discard(leaf["plan"])

    def read_refused(self, leaf):
        """A refusal has no text of anybody's choosing but the name of who was refused."""
        day, _, digits = leaf.get("plan", "2000-01-01-00000000").rpartition("-")
        if not is_date(day) or not re.fullmatch("[0-9a-f]{8}", digits) or not all(re.fullmatch("[a-z]+(-[a-z]+)*", reason) for reason in leaf["reasons"]):
            self.flaw("it names a plan by what is no name of a plan, or a reason by what is no code")

    def read_rejection(self, leaf):
        self.check_plan_name(leaf)
        self.rejected.add(leaf["plan"])
        self.governed = {series: by for series, by in self.governed.items() if by[0] != leaf["plan"]}

    def check_plan_name(self, leaf):
        """A plan is named after its day, which has come, and the beginning of its digest."""
        day, _, digits = leaf["plan"].rpartition("-")
        today = datetime.datetime.fromtimestamp(leaf["at"] + EARLIEST_ZONE, datetime.timezone.utc).date()
        is_past = is_date(day) and datetime.date.fromisoformat(day) <= today
        if digits != leaf["digest"][:8] or not is_past:
            self.flaw(f"plan {leaf['plan']} is not named after its day and digest, or its day had not come")
        if self.decided.setdefault(leaf["plan"], leaf["digest"]) != leaf["digest"]:
            self.flaw(f"plan {leaf['plan']} was approved or rejected before under another digest")

    def read_fpkey(self, leaf):
        if (leaf["source"], leaf["year"]) in self.fpkeys:
            self.flaw("a fingerprint key is declared a second time")
        self.fpkeys[leaf["source"], leaf["year"]] = True

    def read_fpkey_destroyed(self, leaf):
        self.declared(leaf["source"], leaf["year"])
        self.fpkeys[leaf["source"], leaf["year"]] = False
        if any((intent["source"], intent["year"]) == (leaf["source"], leaf["year"]) for intent, *_ in self.open.values()):
            self.flaw("it destroys a fingerprint key under which intents wait for their outcome")
        if any((hold.get("source"), hold.get("year")) == (leaf["source"], leaf["year"]) for hold in self.holds.values()):
            self.flaw("it destroys a fingerprint key under which a hold in place names its record")

    def use_key(self, source, year, plan=None):
        """A key is declared before, is not destroyed yet, and is the one of the entry's year (of UTC) or of 60 days before, and not older than its plan."""
        self.declared(source, year)
        times = [datetime.datetime.fromtimestamp(at, datetime.timezone.utc) for at in (self.at, self.at - YEAR_OVERLAP)]
        made = [self.plans[plan]["at"] - STANDS] if plan in self.plans else []
        first = [datetime.datetime.fromtimestamp(at, datetime.timezone.utc).year for at in made] + ([first_year_of(plan)] if plan else [])
        is_older = any(year < possible for possible in first)
        if year not in [instant.year for instant in times] or is_older:
            self.flaw(f"the fingerprint key of {year} is not the one of its year, or older than its plan")

    def declared(self, source, year):
        if not self.fpkeys.get((source, year)):
            self.flaw(f"the fingerprint key of {source} and {year} was not declared, or was destroyed before")

    def read_hold(self, leaf):
        named = [name in leaf for name in ("fp", "year")]
        lacks = leaf["scope"] in ("series", "rule") and leaf["scope"] not in leaf
        nameless = "fp" in leaf and ("source" not in leaf or "series" not in leaf or fingerprints(leaf["fp"], 1) is None)
        if leaf["scope"] not in SCOPES or leaf["action"] not in ("placed", "lifted") or lacks or named[0] != named[1] or nameless:
            self.flaw("the hold cannot be kept as it is written")
        if leaf["action"] == "placed":
            if "year" in leaf and "source" in leaf:
                self.use_key(leaf["source"], leaf["year"])
            if leaf["hold"] in self.holds:
                self.flaw("a hold is placed a second time")
            self.holds[leaf["hold"]] = leaf
            return
        placed = self.holds.pop(leaf["hold"], None)
        if placed is None:
            self.flaw("a hold is lifted that was not in place")
        elif any(placed.get(name) != leaf.get(name) for name in ("scope", "series", "rule", *(("source", "year", "fp") if "fp" in leaf else ()))):
            self.flaw("a hold is lifted with another scope, series, rule or record than it was placed with")

    def read_correction(self, leaf):
        if "batch" in leaf and leaf["batch"] not in self.committed:
            self.flaw("it corrects a batch that has no intent before it")
        if "batch" not in leaf and leaf["what"] not in OF_NO_BATCH and not self.continued:
            self.flaw("it corrects a batch of an earlier log, and this log succeeds none")
        source, announced = self.announced.get(leaf.get("batch"), (leaf["source"], None))
        if source != leaf["source"] or (announced is not None and leaf["records"] > announced):
            self.flaw("it corrects a batch of another source, or more records than that batch announces")
        if leaf["what"] == "resurrected" and "batch" in leaf and leaf["records"] > self.went.get(leaf["batch"], 0):
            self.flaw("it says that more records of a batch are back than had gone by then")
        if leaf["what"] in ENDS_LEFT:
            self.end_left(leaf)
        elif "ended" in leaf or ("earlier" in leaf and (leaf["what"] != "altered_fence" or "batch" in leaf)):
            self.flaw("it tells of files that are gone or released, and is another correction")
        elif "earlier" in leaf:
            self.spoken_of.setdefault(leaf["earlier"]["origin"], self.index)
        if "back" in leaf:
            told = marks(leaf["back"], "b", "g")
            if leaf["what"] != "resurrected" or told is None or told[:2] != (announced, leaf["records"]):
                self.flaw("what it says of the records that are back is not one letter for each record of its batch, or counts otherwise")
            elif self.kept_but_back(leaf):
                self.flaw("it says that records are back that their batch left in place")
        if leaf["what"] == "resurrected" and "batch" in leaf:
            self.back[leaf["batch"]] = leaf["records"]
        elif leaf["what"] == "resurrected":
            self.back_unplaced += leaf["records"]
        if leaf["what"] == "clock":
            self.before_clock |= set(self.plans)
        if (leaf["what"] in ANSWERS) != ("actor" in leaf) or (leaf["what"] == "clock") != (leaf["source"] == ""):
            self.flaw("a person's answer names nobody, or another correction somebody; or it names a source where it concerns none")
        if (leaf["what"] == "released") != ("reason" in leaf):
            self.flaw("a person releases files and gives no reason, or another correction gives one")
        if "unnamed" in leaf and leaf["what"] not in LOOKED:
            self.flaw("it tells of records that could not be looked for, and says nothing of what it looked for")
        if leaf["what"] not in CORRECTIONS:
            self.flaw("its correction is a word that this format does not know")
        if leaf["what"] in LETS_GO_AGAIN:
            for names in (self.gone, self.destroyed):
                for name in names.pop(leaf["source"], ()):
                    self.remember(self.let_go, leaf["source"], name)
        if leaf["what"] in ("missing_fence", "altered_fence") and leaf.get("batch") in self.batches:
            self.batches[leaf["batch"]]["unknown"] = True

    def end_left(self, leaf):
        """Files that a batch had left are gone or released: told record by record, of one batch, and of each record once."""
        told = marks(leaf.get("ended", ""), "e", "o")
        if told is None or not told[2] or told[0] != told[2][-1][1] or told[1] != leaf["records"] or ("batch" in leaf) == ("earlier" in leaf):
            return self.flaw("what it says of the records whose files are gone or released is not one letter for each record of one batch to the last of them, or counts otherwise")
        if "batch" in leaf:
            left = self.incomplete.get(leaf["batch"], set())
            places = {place for place in left if is_within(told[2], place)}
            were_left = len(places) == told[1]
            left -= places
        else:
            self.spoken_of.setdefault(leaf["earlier"]["origin"], self.index)
            of_batch = self.ended_earlier.setdefault((leaf["earlier"]["origin"], leaf["earlier"]["batch"]), [])
            were_left = not any(meets(of_batch, begin, end) for begin, end in told[2])
            for span in told[2]:
                bisect.insort(of_batch, span)
        if not were_left:
            self.flaw("it ends what was left of records of which its batch had left no file, or of which that had ended before")
        return None

    def kept_but_back(self, leaf):
        """Whether a list of the records that are back names one that its batch left in place."""
        back = "".join(letter * int(number) for number, letter in re.findall("([0-9]+)([bg])", leaf["back"]))
        of_batch = ((offset, letters(results, count)) for offset, results, count in self.kept.get(leaf["batch"], []))
        return any(letter not in GONE and back[offset + place] == "b" for offset, results in of_batch for place, letter in enumerate(results))

    def read_sanitized(self, leaf):
        if leaf["run"] not in self.closed and leaf["run"] not in self.runs:
            self.flaw("its run has no entry before")
        if leaf["source"] not in {source for _, source, _ in self.mappings} or (leaf["run"], leaf["source"]) not in self.touched:
            self.flaw("no intent of its run before it names its source, or no mapping does")
        if leaf["level"] not in LEVELS:
            self.flaw("its level is a word that this format does not know")

    def read_intent(self, leaf):
        names = fingerprints(leaf["fp"], leaf["n"])
        references = "rfp" not in leaf or fingerprints(leaf["rfp"], leaf["n"]) is not None
        if leaf["n"] < 1 or names is None or not references or len(leaf["day"]) != leaf["n"]:
            return self.flaw("its counts differ")
        if any(not FIRST_DAY <= day <= LAST_DAY for day in leaf["day"]):
            self.flaw("a day of its records is in no year from 1 to 9999")
        self.touched.add((leaf["run"], leaf["source"]))
        offset = self.announced.get(leaf["batch"], (None, 0))[1]
        self.place_in_row(leaf)
        self.use_key(leaf["source"], leaf["year"], leaf["plan"])
        self.judge(leaf)
        self.open[self.index] = leaf, self.held(leaf, names), [name[:8] for name in names], offset
        fresh = {"open": 0, "table": self.table(leaf), "own": 0, "left": 0, "totals": Totals(), "committed": False}
        batch = self.batches.setdefault(leaf["batch"], fresh)
        batch["open"] += 1
        if leaf["run"] in self.closed:
            self.flaw("its run had ended before")
        elif leaf["run"] not in self.runs:
            self.check_age(leaf["plan"], leaf["at"])
        run = self.begin_run(leaf)
        run["pending"] += 1
        if run["plan"] != leaf["plan"]:
            self.flaw("its run is of another plan")
        return None

    def check_age(self, plan, began):
        """A run begins while its plan's approval stands: a fortnight, unless somebody answered for a wrong clock since."""
        if plan in self.plans and plan not in self.before_clock and began > self.plans[plan]["at"] + STANDS:
            self.flaw(f"it begins a run of plan {plan}, whose approval was older than a fortnight by then")

    def begin_run(self, leaf):
        """The run of an intent or a statement, which is named after its plan and the log's size when it began."""
        if leaf["run"] not in self.runs:
            self.runs[leaf["run"]] = {"plan": leaf["plan"], "began": leaf["at"], "pending": 0, "totals": Totals()}
            size = leaf["run"].removeprefix(leaf["plan"] + "-")
            if not re.fullmatch("0|[1-9][0-9]*", size) or int(size) > self.index or leaf["run"] == size:
                self.flaw("its run is not named after its plan and the size of the log")
            progress = self.progress.setdefault(leaf["plan"], {"settled": {}, "found": None, "done": False})
            if progress["done"]:
                self.flaw("its plan had been carried out to its end")
        return self.runs[leaf["run"]]

    def table(self, leaf):
        """The table of the mapping approved for an intent's series, where there is one."""
        governed = self.plans.get(leaf["plan"], {"governed": {}})["governed"].get(leaf["series"], {})
        return self.mappings.get((leaf["series"], leaf["source"], governed.get("mapping")))

    def place_in_row(self, leaf):
        same = [name for name in leaf if name not in ("n", "fp", "rfp", "day", "at")]
        if self.row is None:
            if leaf["batch"] != self.index or leaf["of"] < 1:
                self.flaw("a batch does not begin at its own index")
            self.row = [leaf, 1]
            self.committed[leaf["batch"]], self.announced[leaf["batch"]] = None, (leaf["source"], leaf["n"])
            return
        self.row[1] += 1
        source, records = self.announced[self.row[0]["batch"]]
        self.announced[self.row[0]["batch"]] = source, records + leaf["n"]
        first = self.row[0]
        alike = all(leaf[name] == first.get(name) for name in same) and ("rfp" in leaf) == ("rfp" in first)
        if self.row[1] > first["of"] or not alike:
            self.flaw("the intents of a batch differ")

    def judge(self, leaf):
        plan = self.plans.get(leaf["plan"])
        if plan is None or leaf["plan"] in self.rejected:
            self.flaw(f"plan {leaf['plan']} was not approved, or was rejected")
        elif leaf["rule"] not in plan.get("only", [leaf["rule"]]) or leaf["series"] not in plan["governed"]:
            self.flaw("the plan was approved without this rule or series")
        elif (leaf["series"], leaf["source"], plan["governed"][leaf["series"]]["mapping"]) not in self.mappings:
            self.flaw("the approved mapping was not declared")
        if (leaf["calendar"], leaf["version"]) not in self.calendars:
            return self.flaw("its calendar was not declared")
        calendar, zone = self.calendars[leaf["calendar"], leaf["version"]]
        today = datetime.datetime.fromtimestamp(leaf["at"], zone).date().isoformat()
        if not calendar["effective_from"] <= today <= calendar.get("effective_until", today):
            self.flaw("its calendar was not in force")
        if self.is_ended(leaf, calendar):
            self.flaw("a higher version of its calendar, declared before it, had ended this one")
        rule = calendar["rules"].get(leaf["rule"])
        if rule is None or rule["series"] != leaf["series"]:
            return self.flaw("its calendar has no such rule for this series")
        if rule["disposition"] != leaf["action"]:
            self.flaw("the rule does not let a record be " + leaf["action"])
        if plan and plan["governed"].get(leaf["series"], {}).get("rules") not in (None, rules_digest(calendar, leaf["series"])):
            self.flaw("its plan was approved under other rules")
        of_series = {number: other for number, other in calendar["rules"].items() if other["series"] == leaf["series"]}
        if any(other["disposition"] not in DISPOSES | {"floor"} for other in of_series.values()):
            self.flaw("a rule of the series lets no record be disposed of")
        others = [other for number, other in of_series.items() if number != leaf["rule"]]
        early = sum(1 for day in leaf["day"] if self.is_early(leaf, rule, others, day, zone))
        if early:
            self.flaw(f"{early} of its records were not due yet")
        return None

    def is_ended(self, leaf, calendar):
        """No two versions of a calendar are in force on one day: one that begins while another is in force ends it for good."""
        for (number, version), (other, zone) in self.calendars.items():
            today = datetime.datetime.fromtimestamp(leaf["at"], zone).date().isoformat()
            if number != leaf["calendar"] or version <= leaf["version"] or today < other["effective_from"]:
                continue
            if other["effective_from"] >= calendar["effective_from"] or today <= other.get("effective_until", today):
                return True
        return False

    def is_early(self, leaf, rule, others, day, zone):
        """A log has few days: what was reckoned for one is kept, and holds from then on."""
        key = leaf["calendar"], leaf["version"], leaf["rule"], day
        if key in self.dues:
            return False
        if len(self.dues) > 50_000:
            self.dues.clear()
        due = is_due(rule, others, day, zone, leaf["at"])
        if due:
            self.dues[key] = True
        return not due

    def held(self, leaf, names):
        """(hold, place) for each record that a hold keeps; place None: all of them."""
        found = []
        for hold in self.holds.values():
            scope = hold["scope"]
            if (scope == "series" and hold.get("series") == leaf["series"]) or (scope == "rule" and hold.get("rule") == leaf["rule"]):
                found.append((hold["hold"], None))
            elif scope in ("record", "subject") and all(hold.get(name) == leaf[name] for name in ("source", "series")) and "year" in hold:
                if hold["year"] != leaf["year"]:
                    self.uncompared_holds.add(hold["hold"])
                    continue
                name = fingerprints(hold.get("fp", ""), 1)
                found += [(hold["hold"], place) for place, other in enumerate(names) if name == [other]]
            elif scope == "subject" and ("year" not in hold or hold.get("source") == leaf["source"]):
                self.untold_holds[hold["hold"]] = scope
            elif scope in ("reference", "where", "record") and "year" not in hold and hold.get("series", leaf["series"]) == leaf["series"]:
                self.untold_holds[hold["hold"]] = scope
        return found

    def read_outcome(self, leaf):
        intent, held, names, offset = self.open.pop(leaf["intent"], (None, None, None, None))
        if intent is None:
            return self.flaw("it is the outcome of no open intent")
        if leaf["batch"] != intent["batch"]:
            self.flaw("it tells another batch than its intent")
        if self.committed.get(intent["batch"], leaf["committed"]) not in (None, leaf["committed"]):
            self.flaw("one intent of the batch committed and another did not")
        self.committed[intent["batch"]] = leaf["committed"]
        run = self.runs[intent["run"]] if intent["run"] in self.runs else self.begin_run(intent)
        run["pending"] -= 1
        if intent["run"] in self.closed:
            self.flaw("its run had ended before")
        results = letters(leaf["results"], intent["n"])
        if results is None:
            return self.flaw("its results are not one for each record")
        impossible = set(GONE) if not leaf["committed"] else {"A"} if intent["action"] == "destroy" else {"D"}
        if impossible & set(results):
            self.flaw("its results do not fit what its intent announced")
        self.went[intent["batch"]] = self.went.get(intent["batch"], 0) + sum(letter in GONE for letter in results)
        if "i" in results:
            self.incomplete.setdefault(intent["batch"], set()).update(offset + place for place, letter in enumerate(results) if letter == "i")
        if set(results) - set(GONE):
            self.kept.setdefault(intent["batch"], []).append((offset, leaf["results"], intent["n"]))
        for hold, place in held:
            gone = results if place is None else results[place]
            if hold in self.holds and set(GONE) & set(gone):
                self.flaw(f"records were disposed of under hold {hold}")
        repeated = sum(self.goes_again(intent, name, letter) for name, letter in zip(names, results) if letter in GONE)
        if repeated:
            self.flaw(f"{repeated} of its records had been disposed of before under this plan")
        told = Totals(leaf, results)
        run["totals"].add(told)
        settled = self.progress[run["plan"]]["settled"]
        settled[intent["rule"]] = settled.get(intent["rule"], 0) + told.settled()
        self.settle(leaf, self.batches[intent["batch"]], told)
        return None

    def settle(self, leaf, batch, told):
        """What a batch did, once all of its outcomes were read, must fit its letters."""
        batch["totals"].add(told)
        batch["own"] += leaf["rows"].get(batch["table"], 0)
        batch["left"] += leaf["left"]
        batch["committed"] |= leaf["committed"]
        batch["open"] -= 1
        if batch["open"]:
            return
        totals, left = batch["totals"], batch["left"]
        del self.batches[leaf["batch"]]
        gone = totals["D"] + totals["i"]
        if batch["table"] is not None and batch["own"] < gone and not batch.get("unknown"):
            self.flaw(f"{batch['own']} rows of its own table went, for {gone} records")
        nothing = not (any(totals[name] for name in ("rows", "detached", "triggered", "files", "bytes")) or left)
        if left < totals["i"] or (left == 0) != (totals["i"] == 0):
            self.flaw("files are left exactly where records are incomplete")
        if totals["bytes"] and not totals["files"]:
            self.flaw("bytes go with files only")
        if not nothing and not (batch["committed"] and gone + totals["A"] + totals["f"]):
            self.flaw("rows or files went without a commit, or where every record stayed")

    def goes_again(self, intent, name, letter):
        """Whether a run of the plan had disposed of this record of its source; of a plan, and of all, so many names are remembered and no more."""
        if self.gone_plan != intent["plan"]:
            self.gone_plan, self.gone = intent["plan"], {}
        self.excused += name in self.let_go.get(intent["source"], ())
        known = self.remember(self.gone, intent["source"], name)
        if letter != "A" and not known:
            self.again += self.remember(self.destroyed, intent["source"], name)
        return known

    def remember(self, names, source, name):
        of_source = names.setdefault(source, set())
        known = name in of_source
        if sum(map(len, names.values())) < NAMES_KEPT:
            of_source.add(name)
        return known

    def read_run(self, leaf):
        counts = leaf["counts"]
        if leaf["run"] in self.closed:
            self.flaw("the run had ended before")
        if leaf["started"] > leaf["at"] + TOLERANCE:
            self.flaw("the run states that it started after it ended")
        self.check_age(leaf["plan"], leaf["started"])
        self.closed.add(leaf["run"])
        if set(counts) != set(COUNTS) | {"planned"} or counts["planned"] != sum(counts[name] for name in COUNTS):
            self.flaw("the run does not add up")
        for rule, verdicts in leaf["verdicts"].items():
            if set(verdicts) != set(VERDICTS) | {"rows"} or verdicts["rows"] != sum(verdicts[name] for name in VERDICTS):
                self.flaw(f"the verdicts of rule {rule} do not add up")
        logged = self.begin_run(leaf)
        del self.runs[leaf["run"]]
        if logged["plan"] != leaf["plan"]:
            self.flaw("the run is of another plan than its intents")
        if leaf["finished"] and logged["pending"]:
            self.flaw("the run says that it finished, and intents of it have no outcome")
        if leaf["finished"] != (counts["deferred"] == 0):
            self.flaw("the run says that it finished and put records off, or neither")
        plan = self.plans.get(leaf["plan"])
        if leaf["started"] > logged["began"] + TOLERANCE or (plan and leaf["started"] < plan["at"] - TOLERANCE):
            self.flaw("the run states that it started after its first intent, or before its approval")
        totals = logged["totals"]
        stated = dict(zip("DAhbci", (counts[name] for name in ("destroyed", "anonymized", "held", "blocked", "drifted", "incomplete"))))
        stated.update(rows=leaf["rows"], files=leaf["files"], bytes=leaf["bytes"])
        stated.update(detached=leaf.get("detached", 0), triggered=leaf.get("triggered", 0))
        told = {**totals, "c": totals["c"] + totals["g"]}
        for what, value in stated.items():
            if value != told[what]:
                self.flaw(f"the run states {value} ({what}), its outcomes say {told[what]}")
        if counts["failed"] < totals["f"]:
            self.flaw("the run states fewer failures than its outcomes")
        self.check_plan(leaf, plan, totals)

    def check_plan(self, leaf, plan, totals):
        """A statement follows from what the plan found, what was approved of it, and what earlier runs of it settled."""
        progress, found = self.progress[leaf["plan"]], leaf["verdicts"]
        progress["done"] |= leaf["finished"]
        if progress["found"] not in (None, found):
            self.flaw("the plan found something else according to an earlier run")
        progress["found"] = progress["found"] or found
        for rule, settled in progress["settled"].items():
            if found.get(rule, {"due": 0})["due"] < settled:
                self.flaw(f"the run states fewer records due under rule {rule} than were settled")
        if plan is None:
            return self.flaw("its plan was not approved")
        due = sum(verdicts["due"] for rule, verdicts in found.items() if rule in plan.get("only", [rule]))
        planned = leaf["counts"]["planned"] + sum(progress["settled"].values()) - totals.settled()
        if not max(0, due - plan["excepted"]) <= planned <= (due if "only" in plan else max(0, due - plan["excepted"])):
            self.flaw("its number of records planned is not what was due and approved")
        return None

    def key_at(self, size):
        return key_at(self.keys, size)


def key_at(keys, size):
    """The key that signs a checkpoint of this size: the last one declared among its entries."""
    return next((key for index, key in reversed(keys) if index < size), None)


# --- the directory ----------------------------------------------------------------------------------------------------------


def path_of(index, width):
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups) + ("" if width == WIDTH else f".p/{width}")


def widths_in(partial):
    """The widths of the partial tiles in a directory; a `*.tmp` that a crash left there is none, nor is any other name."""
    names = os.listdir(partial) if os.path.isdir(partial) else []
    return sorted(int(name) for name in names if re.fullmatch("[1-9][0-9]{0,2}", name) and int(name) < WIDTH)


def partials_of(full):
    """(path, width) of each partial form that stands beside the place of a full tile or bundle."""
    return [(os.path.join(full + ".p", str(width)), width) for width in widths_in(full + ".p")]


def read_bundle(folder, index, width):
    """The first `width` entries of a bundle: out of the partial one, a wider one, or the full one."""
    full = os.path.join(folder, "tile/entries", path_of(index, WIDTH))
    paths = [(path, other) for path, other in partials_of(full) if other >= width] + [(full, WIDTH)]
    path, widest = next(((path, other) for path, other in paths if os.path.lexists(path)), (None, 0))
    if path is None:
        raise Malformed(f"bundle {index} is missing")
    entries = entries_of(path, widest)
    if len(entries) != widest:
        raise Malformed(f"bundle {index} is damaged: it has another width than its name")
    return entries[:width]


def entries_of(path, width=WIDTH):
    """The entries of a bundle of this width or less; none of them is empty, so a file full of zeros ends with its first."""
    data = read_file(path, width * (2 + LONGEST_LEAF))
    entries, place, length = [], 0, 1
    while place < len(data) and length and len(entries) < width:
        length = int.from_bytes(data[place:place + 2], "big")
        entries.append(data[place + 2:place + 2 + length])
        place += 2 + length
    if place != len(data) or not length:
        raise Malformed(f"{path} is no bundle of entries")
    return entries


def check_partial_bundles(folder, index, entries, note):
    """Every partial form of the last bundle, which a crash can leave beside a wider one, is a beginning of the entries, or goes on from them."""
    for path, width in partials_of(os.path.join(folder, "tile/entries", path_of(index, WIDTH))):
        try:
            kept = entries_of(path, width)
        except (Malformed, OSError):
            kept = []
        shared = min(len(kept), len(entries))
        if len(kept) != width or kept[:shared] != entries[:shared]:
            note(f"{os.path.relpath(path, folder)} is not a beginning of the entries")


def check_tile(folder, level, index, hashes, note):
    """A full tile is the hashes; a partial one may have become a wider one, or full. A full one beyond the tree proves nothing."""
    full = os.path.join(folder, f"tile/{level}", path_of(index, WIDTH))
    found, paths = False, [(full, WIDTH)]
    if len(hashes) < 32 * WIDTH:
        whole = tile_at(full)
        found, paths = len(whole) == 32 * WIDTH and whole.startswith(hashes), partials_of(full)
    for path, width in paths:
        data = tile_at(path)
        shared = min(len(data), len(hashes))
        if data[:shared] != hashes[:shared] or len(data) != 32 * width:
            note(f"{os.path.relpath(path, folder)} is not what the entries hash to, or is missing")
        found |= len(data) >= len(hashes)
    if not found:
        note(f"tile {index} of level {level} is missing")


def tile_at(path):
    """A tile's bytes; none where it cannot be read."""
    try:
        return read_file(path, LONGEST_TILE)
    except (Malformed, OSError):
        return b""


def read_tree(folder, size, sizes, ledger, note):
    """Reads every entry; returns the roots at the sizes asked for."""
    tree, roots, tiles = Tree(), {}, {}
    if 0 in sizes:
        roots[0] = tree.root()
    while tree.size < size:
        index = tree.size // WIDTH
        for entry in read_bundle(folder, index, min(WIDTH, size - tree.size)):
            ledger.read(entry)
            for level, value in tree.push(leaf_hash(entry)):
                if level % 8 == 0:
                    tile = tiles.setdefault(level // 8, [0, b""])
                    tile[1] += value
                    if len(tile[1]) == 32 * WIDTH:
                        check_tile(folder, level // 8, tile[0], tile[1], note)
                        tile[:] = [tile[0] + 1, b""]
            if tree.size in sizes:
                roots[tree.size] = tree.root()
    for level, (index, hashes) in tiles.items():
        if hashes:
            check_tile(folder, level, index, hashes, note)
    if size % WIDTH:
        check_partial_bundles(folder, size // WIDTH, read_bundle(folder, size // WIDTH, size % WIDTH), note)
    return roots


@contextlib.contextmanager
def open_file(path, longest):
    """A regular file of at most so many bytes: what is handed over as evidence may be a pipe, a link to a device, or fifty gigabytes of nothing."""
    careful = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
    try:
        handle = os.open(path, os.O_RDONLY | careful)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Malformed(f"{path} is a link, which is not followed") from error
        raise
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise Malformed(f"{path} is not a regular file")
        if status.st_size > longest:
            raise Malformed(f"{path} is longer than such a file can be ({longest} bytes)")
        with open(handle, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(handle)


def read_file(path, longest):
    """The bytes of such a file."""
    with open_file(path, longest) as file:
        data = file.read(longest + 1)
    if len(data) > longest:
        raise Malformed(f"{path} is longer than such a file can be ({longest} bytes)")
    return data


# --- calendars' texts -------------------------------------------------------------------------------------------------------

# The keys of each table of a calendar's text, with what each holds: s a text that is not blank, N a name, w a text in French or English, i a version,
# d a date, b a boolean, z a zone, p a period, c a period of whole days, Y a day of every year, [s] list of texts, {N} triggers, (x) a word out of WORDS, a word:
# a table of that kind, [word] a list of such tables, [word]+ one of at least one. A question mark: may be absent.
TEXT = {
    "file": "calendar:calendar series:[series]+ rule:[rule]+?",
    "calendar": "number:N organization:s title:w? version:i replaces:replaces? approval:approval? effective:effective timezone:z",
    "replaces": "version:i",
    "approval": "authority:s date:d",
    "effective": "from:d until:d?",
    "series": "name:N description:w? unit:s? code:s? regime:s? purposes:[s]? sensitivity:s? quantity:s? distribution:s? medium:s? recipients:[s]?"
              " triggers:{w}? empty:(empty)?",
    "rule": "number:N title:w? series:N part:N? group:N? unless:N? role:(role)? trigger:N? keep:p? active:c? semi_active:c? until:until? start:start?"
            " disposition:(disposition)? basis:[basis]? example:b? executed:(executed)?",
    "until": "earliest:[way]+",
    "way": "trigger:N keep:p? active:c? semi_active:c?",
    "start": "year_end:Y",
    "basis": "source:s text:s?",
    "words": "fr:s? en:s?",
}
WORDS = {
    "empty": {"expected"},
    "role": {"floor", "disposing"},
    "disposition": {"destroy", "anonymize", "deidentify", "transfer", "select", "permanent"},
    "executed": {"elsewhere"},
}
CLOCK = {"until", "start", "trigger", "keep", "active", "semi_active"}
MOST_WAYS = 100
LONGEST_NAME, LONGEST_MONTHS, LONGEST_DAYS = 64, 12_000, 366_000
# Letters of ASCII, Latin ones with accents, Canadian syllabics; every version of Unicode, and so of Python, has others.
NAME = re.compile("(?!-)[A-Za-z0-9._\\-\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1401-\u166c\u166f-\u167f]*")
# Strings, comments, blanks, brackets, and what stands between them; a quotation mark alone is a string that does not end.
TOML = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")|"(?!"")(?:\\.|[^"\\\n])*"' r"|'''.*?'{3,5}(?!')|'(?!'')[^'\n]*'"
    r"|#[^\n]*|[ \t]+|[][{},\n]|[^][\x22'#{},\n \t]+|.", re.DOTALL)
# No calendar has a key of more than five names; Python takes memory by the square of a key's.
MOST_DOTS = 32


def toml_tokens(text):
    """The tokens of a text, which is read no further than to a string without end, or to a key of very many names."""
    tokens, dots = [], 0
    for found in TOML.finditer(text):
        token = found[0]
        if token in ("'", '"'):
            raise Malformed("a string in it does not end")
        if token in "[]{},\n":
            dots = 0
        elif token[0] not in "\"'# \t":
            for place, part in enumerate(token.split("=")):
                dots = part.count(".") + (0 if place else dots)
                if dots > MOST_DOTS:
                    raise Malformed(f"a key in it has more than {MOST_DOTS} dots")
        tokens.append(token)
    return tokens


def toml_1_0(text):
    """A text of TOML 1.1 in the words of TOML 1.0, which is all that Python reads: tables in one line, escapes in full. A text that is neither stays neither."""
    out, open_, last, next_ = [], [], "", {}
    tokens = toml_tokens(text.replace("\r\n", "\n"))
    for place in range(len(tokens) - 1, -1, -1):
        next_[place - 1] = tokens[place] if tokens[place][0] not in " \t\n#" else next_.get(place, "")
    for place, token in enumerate(tokens):
        if token[0] == '"':
            token = re.sub(r"\\(e|x[0-9A-Fa-f]{2}|.)", lambda found: escape(found[0]), token, flags=re.DOTALL)
        if open_ and open_[-1] == "{":
            if token == "," and next_.get(place) == "}" and last not in ("{", ","):
                token = " "
            elif token[0] == "#" and not any(ord(char) < 32 and char != "\t" or char == "\x7f" for char in token):
                token = ""
            elif token == "\n" and (last in ("{", ",") or last.endswith("=") or next_.get(place, "")[:1] in (",", "}", "=")):
                token = " "  # Between keys, values and what parts them; within none of them.
        if token in ("{", "["):
            open_.append(token)
        elif token in ("}", "]") and open_:
            open_.pop()
        if token.strip(" \t"):
            last = token
        out.append(token)
    return "".join(out)


def escape(text):
    if text == "\\e":
        return "\\u001b"
    return "\\u00" + text[2:] if text[1] == "x" and len(text) == 4 else text


def is_text(value):
    return type(value) is str and bool(value.strip(BLANKS))


def is_name(value):
    return is_text(value) and NAME.fullmatch(value) is not None and len(value) <= LONGEST_NAME


def is_version(value):
    return type(value) is int and 0 < value < 2**32


def is_period(value):
    month_count, days, seconds = span(value)
    return month_count <= LONGEST_MONTHS and days <= LONGEST_DAYS and seconds <= LONGEST_DAYS * DAY


def counts_days(value):
    return is_period(value) and value != "immediate" and "T" not in value


def is_year_end(value):
    return re.fullmatch("[0-9]{2}-[0-9]{2}", value) is not None and is_date(f"2001-{value}")


HOLDS = {
    "s": is_text, "N": is_name, "i": is_version, "d": lambda value: type(value) is datetime.date, "b": lambda value: type(value) is bool, "z": is_zone,
    "p": is_period, "c": counts_days, "Y": is_year_end, "w": lambda value: bool(read_table(value, "words")),
}


def read_table(table, name):
    """A table of a calendar's text, which has the keys of its kind, each holding what it must, and no others."""
    fields = dict(field.split(":") for field in TEXT[name].split())
    if type(table) is not dict or set(table) - set(fields):
        raise Malformed(f"a {name} is no table, or has keys that no calendar has")
    for key, code in fields.items():
        if key not in table and not code.endswith("?"):
            raise Malformed(f"{key} of a {name} is missing")
        if key in table and not holds(table[key], code.rstrip("?")):
            raise Malformed(f"{key} of a {name} does not hold what it must")
    return table


def holds(value, code):
    if code[0] == "(":
        return is_text(value) and value in WORDS[code[1:-1]]
    if code[0] == "[":
        return type(value) is list and (value or code[-1] != "+") and all(holds(item, code.strip("[]+")) for item in value)
    if code[0] == "{":
        return type(value) is dict and all(holds(item, code[1:-1]) for item in value.values())
    return HOLDS[code](value) if code in HOLDS else bool(read_table(value, code))


def ways_of(rule):
    """The ways of a rule of a calendar's text, sorted: trigger and period, active and semi-active periods added up."""
    ways = rule["until"]["earliest"] if "until" in rule else [rule] if CLOCK & set(rule) else []
    spans = [[span(way[name]) for name in ("keep", "active", "semi_active") if name in way] for way in ways]
    return sorted((way["trigger"], tuple(map(sum, zip(*periods)))) for way, periods in zip(ways, spans))


def check_clock(rule, triggers):
    """When the term of a rule comes is said once, in full, and by events that its series has."""
    if "until" in rule and {"trigger", "keep", "active", "semi_active"} & set(rule):
        raise Malformed("a rule has both `until` and a way of its own")
    if rule.get("disposition") != "permanent" and not CLOCK & set(rule):
        raise Malformed("a rule does not say when its term comes")
    ways = rule["until"]["earliest"] if "until" in rule else [rule] if CLOCK & set(rule) else []
    for way in ways:
        if way.get("trigger") not in triggers or ("keep" in way) == bool({"active", "semi_active"} & set(way)):
            raise Malformed("a rule names a trigger that its series has not, or how long it keeps is not said, or said twice")
    if len(ways) > MOST_WAYS:
        raise Malformed(f"a rule has more than {MOST_WAYS} ways")
    reckoned = ways_of(rule)
    if len({trigger for trigger, _ in reckoned}) < len(reckoned):
        raise Malformed("a rule has two ways from one trigger")
    if any(month_count > LONGEST_MONTHS or days > LONGEST_DAYS for _, (month_count, days, _) in reckoned):
        raise Malformed("both periods of a rule together are longer than 1,000 years")
    if "start" in rule and any("T" in way.get("keep", "") for way in ways):
        raise Malformed("hours cannot be counted from a year's end")


def read_text(data):
    """A calendar's text, in which everything is as the guide to calendars asks."""
    text = read_table(tomllib.loads(toml_1_0(data.decode())), "file")
    head, listed = text["calendar"], text.get("rule", [])
    if head.get("replaces", {"version": 0})["version"] >= head["version"] or head["effective"].get("until", datetime.date.max) < head["effective"]["from"]:
        raise Malformed("it replaces a later version, or ends before it begins")
    triggers = {series["name"]: series.get("triggers", {}) for series in text["series"]}
    if len(triggers) < len(text["series"]) or len({rule["number"] for rule in listed}) < len(listed):
        raise Malformed("two of its series have one name, or two of its rules one number")
    for rule in listed:
        is_floor = rule.get("role") == "floor"
        if rule["series"] not in triggers or {"part", "group"} <= set(rule) or is_floor == ("disposition" in rule):
            raise Malformed(f"rule {rule['number']} is on no series or on two elements, or is neither a floor nor one that disposes")
        check_clock(rule, triggers[rule["series"]])
    return text


def says(rule):
    """Series, disposition and year end of a rule of a calendar's text, which is on whole records and without condition."""
    if {"part", "group", "unless"} & set(rule):
        raise Malformed(f"rule {rule['number']} is on a part, on a group or has a condition")
    return rule["series"], rule.get("disposition", "floor"), rule["start"]["year_end"] if "start" in rule else None


def differs(leaf, data):
    """What a calendar's text says otherwise than its leaf; None where they agree."""
    text = read_text(data)
    head, effective = text["calendar"], text["calendar"]["effective"]
    if (head["number"], head["version"], head["timezone"]) != (leaf["number"], leaf["version"], leaf["zone"]):
        return "its number, version or zone is another"
    if (str(effective["from"]), str(effective.get("until"))) != (leaf["effective_from"], str(leaf.get("effective_until"))):
        return "its effective dates are others"
    rules = {rule["number"]: rule for rule in text.get("rule", []) if not rule.get("example") and "executed" not in rule}
    if set(rules) != set(leaf["rules"]):
        return "its rules are others"
    for number, term in leaf["rules"].items():
        told = sorted((way["trigger"], span(way["keep"])) for way in term["ways"])
        if says(rules[number]) != (term["series"], term["disposition"], term.get("year_end")):
            return f"rule {number} is another"
        if ways_of(rules[number]) != told:
            return f"rule {number} keeps otherwise"
    return None


def check_text(folder, index, leaf, note):
    data = read_file(os.path.join(folder, "blobs", leaf["digest"]), LONGEST_TEXT)
    if hashlib.sha256(data).hexdigest() != leaf["digest"]:
        return note(f"entry {index}: the text of its calendar is another")
    if tomllib is None:
        return None
    try:
        reason = differs(leaf, data)
    except (Malformed, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"it is no calendar: {error}"
    if reason:
        note(f"entry {index}: the text of its calendar does not say what it says: {reason}")
    return None


# --- the logs before it -----------------------------------------------------------------------------------------------------


class Earlier:
    """The log that another one continues, as that one's first entry names it, and what is found of it: `roots` and `keys` where its entries are there."""

    def __init__(self, named):
        self.origin, self.size, self.root = named["origin"], named["size"], bytes.fromhex(named["root"])
        self.folder, self.roots, self.keys, self.continued, self.name = None, None, [], None, None
        self.is_partial = named.get("partial", False)

    def take(self, entry, index):
        """What of an entry says more than its hash; one that cannot be read may be why the log was succeeded."""
        if b'"kind":"genesis"' not in entry and b'"kind":"sigkey"' not in entry:
            return
        try:
            leaf = parse_leaf(entry)
            if leaf["kind"] == "genesis" and index == 0:
                self.name, self.continued = leaf["origin"], leaf.get("predecessor")
            if leaf["kind"] == "sigkey" or (leaf["kind"] == "genesis" and index == 0):
                self.keys.append((index, Key(leaf["vkey"])))
        except (Malformed, ValueError, TypeError, KeyError):
            pass

    def is_first(self):
        """Whether it is known that no log stands before this one."""
        return self.folder is not None and self.name is not None and not self.continued

    def stands_in(self, folder, older):
        """Whether the entries named stand in this directory; then notes their roots at the sizes of checkpoints that were kept."""
        tree, sizes, roots = Tree(), {other.size for other in older if other.origin == self.origin}, {}
        self.keys, self.continued, self.name = [], None, None
        try:
            while tree.size < self.size:
                for entry in read_bundle(folder, tree.size // WIDTH, min(WIDTH, self.size - tree.size)):
                    if tree.size in sizes:
                        roots[tree.size] = tree.root()
                    self.take(entry, tree.size)
                    tree.push(leaf_hash(entry))
        except (Malformed, OSError):
            return False
        roots[tree.size] = tree.root()
        if tree.root() != self.root or self.name not in (None, self.origin):
            return False
        self.folder, self.roots = folder, roots
        self.is_partial = self.is_partial or claimed_size(folder) > self.size
        return True


def claimed_size(folder):
    """How many entries the checkpoint in a directory speaks of, where one can be read."""
    try:
        return Checkpoint(read_file(os.path.join(folder, "checkpoint"), LONGEST_CHECKPOINT)).size
    except (Malformed, OSError):
        return 0


def beside(folder):
    """The directories of logs that were succeeded, beside that of a log: `DIR.N`, the highest number first."""
    whole = os.path.realpath(folder)
    parent, name = os.path.split(whole)
    try:
        siblings = os.listdir(parent)
    except OSError:
        return []
    numbers = [other[len(name) + 1:] for other in siblings if re.fullmatch(re.escape(name) + r"\.(0|[1-9][0-9]*)", other)]
    numbers = sorted((int(number) for number in numbers if len(number) <= 20 and int(number) < 2**64), reverse=True)
    return [path for path in (f"{whole}.{number}" for number in numbers) if os.path.isdir(path)]


def plural(entries):
    return "entry" if entries == 1 else "entries"


def find_earlier(continued, folders, older, note):
    """Looks for each log before, the last one first, as far as each leads to the one before; says what it finds, and notes what is not what it should be."""
    found, folders = [], list(folders)
    while continued:
        earlier = Earlier(continued)
        found.append(earlier)
        entries = f"{earlier.size} {plural(earlier.size)}"
        folder = next((folder for folder in folders if earlier.stands_in(folder, older)), None) if earlier.size else None
        continued = earlier.continued if folder else None
        if earlier.size == 0:
            print(f"this log continues log {earlier.origin}, of which no entry could be relied on when it began")
        elif folder:
            folders.remove(folder)
            more = "; it had more, which could no longer be read then or were not those that had been signed" if earlier.is_partial else ""
            print(f"this log continues log {earlier.origin} after {entries}, which stand unchanged in {folder}: verify that directory by itself{more}")
        elif folders:
            note(f"{folders[0]} does not hold the {entries} of log {earlier.origin} that this log continues")
        else:
            print(f"this log continues log {earlier.origin} after {entries}, which {'was' if earlier.size == 1 else 'were'} not looked at: that directory is not here")
    return found


def check_spoken_of(own, found, spoken_of, note):
    """Every log of whose batches this one speaks is one that it continues. Where not all of those are here, only its own name surely is none."""
    are_all_known = not found or found[-1].is_first()
    for origin, index in spoken_of.items():
        if origin == own or (are_all_known and origin not in {earlier.origin for earlier in found}):
            note(f"entry {index}: it speaks of a batch of the log {origin}, which is none of those that this log continues")


def check_vkey(folder, size, ledger, note):
    """`vkey` holds the key that the tree declares last, or one that was declared since, in entries that no checkpoint covers yet."""
    held = read_file(os.path.join(folder, "vkey"), LONGEST_KEY)
    declared, since = ledger.key_at(size), ledger.key_at(2**64)
    if declared and held == declared.text.encode() + b"\n":
        return
    if since and held == since.text.encode() + b"\n":
        print("the file vkey is a key that only entries without a signature declare: the operator is exchanging keys")
    else:
        note("the file vkey is not the key that the log declares last")


# --- the journal ------------------------------------------------------------------------------------------------------------


def read_journal(folder, size, ledger, note):
    """Reads and judges the entries that no checkpoint covers yet; returns how many there are, None where there is no journal."""
    journal = os.path.join(folder, "journal")
    if not os.path.isdir(journal):
        return None
    try:
        end = judge_segments(folder, size, ledger, note)
    except (Malformed, OSError) as error:
        note(f"journal is damaged: {error}")
    else:
        if end < size:
            note(f"the journal ends after {end} {plural(end)}, before the {size} that the checkpoint covers: it is an older one, or was cut")
    return ledger.index - size


def judge_segments(folder, size, ledger, note):
    """Compares what a journal's segments repeat of the first `size` entries, and judges what they hold behind them; returns the log's size with them."""
    journal = os.path.join(folder, "journal")
    names, following, is_torn = segments_of(journal), None, False
    bundle = functools.lru_cache(maxsize=1)(lambda number: read_bundle(folder, number, min(WIDTH, size - number * WIDTH)))
    for name in names:
        if is_torn:
            raise Malformed("a journal segment before the last ends in a torn group")
        first, entries, is_torn = steady_segment(os.path.join(journal, name))
        if first != int(name[:20]):
            raise Malformed(f"a journal segment is not the one that its name says ({name})")
        if following not in (None, first):
            raise Malformed(f"entries are missing between two journal segments ({name})")
        following = first + len(entries)
        if first > ledger.index:
            note(f"entries {ledger.index} to {first - 1} are missing between the checkpoint and the journal")
            ledger.index = first
        for index, entry in enumerate(entries[:max(size - first, 0)], first):
            if bundle(index // WIDTH)[index % WIDTH] != entry:
                note(f"entry {index}: in the journal it is another than the one that the checkpoint covers: either was changed")
        for entry in entries[ledger.index - first:]:
            ledger.read(entry)
    if is_torn:
        note("the journal ends in bytes that are no complete group of entries: a write that a crash cut off and that nothing was done on, or damage; start retentiond once, which drops such a write, and verify again")
    return following


def segments_of(journal):
    """The names of a journal's segments, in order."""
    names = sorted(name for name in os.listdir(journal) if name.endswith(".seg") and name != ".seg")
    for name in names:
        if not re.fullmatch(r"[0-9]{20}\.seg", name):
            raise Malformed(f"a journal segment is not named by 20 decimal digits ({name})")
    if not names:
        raise Malformed("its journal has no segment")
    return names


def steady_segment(path):
    """A segment, read again while it seems torn because its writer is at work."""
    for pause in (0.001, 0.001, 0.001, 0):
        first, entries, is_torn = read_segment(read_file(path, LONGEST_SEGMENT))
        if not is_torn:
            break
        time.sleep(pause)
    return first, entries, is_torn


def read_segment(data):
    """(index of the first entry, entries of whole groups, whether anything stands behind them) of a segment of the journal."""
    head = data[:SEGMENT_HEAD - 4]
    length = int.from_bytes(head[16:24], "big")
    if len(data) < SEGMENT_HEAD:
        raise Malformed("a journal segment has not the length it was made with: it was cut")
    if head[:8] != b"rtdlogj1" or crc32c(head) != data[SEGMENT_HEAD - 4:SEGMENT_HEAD]:
        raise Malformed("the header of a journal segment is not readable")
    if length != len(data):
        raise Malformed("a journal segment has not the length it was made with: it was cut")
    first, place, whole, entries, group = int.from_bytes(head[8:16], "big"), SEGMENT_HEAD, SEGMENT_HEAD, [], []
    while place < len(data) and data[place]:
        end = place + 5 + int.from_bytes(data[place + 1:place + 5], "big")
        tag, content = data[place:place + 1], data[place + 5:end]
        if end - place > 5 + LONGEST_LEAF or crc32c(data[place:end]) != data[end:end + 4]:
            break
        place = end + 4
        if tag == b"L":
            group.append(content)
            continue
        if len(content) != 8 or int.from_bytes(content, "big") != first + len(entries) + len(group):
            break
        if tag == b"C":
            entries += group
            group = []
        elif tag != b"S" or group:
            break
        whole = place
    return first, entries, bool(data[whole:].strip(b"\0"))


@functools.cache
def crc_table():
    table = list(range(256))
    for _ in range(8):
        table = [value >> 1 ^ (0x82F63B78 if value & 1 else 0) for value in table]
    return table


def crc32c(data):
    table, value = crc_table(), 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 255] ^ value >> 8
    return (value ^ 0xFFFFFFFF).to_bytes(4, "big")


def read_witnessed(folder, note):
    """The checkpoints in the log's directory that witnesses co-signed, by their files. Read before `checkpoint`, which only grows."""
    witnessed = {}
    for name in sorted(os.listdir(folder)):
        numbered = re.fullmatch("witnessed(?:[.](0|[1-9][0-9]{0,19}))?", name)
        if numbered and int(numbered[1] or 0) < 2**64:
            try:
                witnessed[name] = Checkpoint(read_file(os.path.join(folder, name), LONGEST_CHECKPOINT))
            except (Malformed, OSError) as error:
                note(f"the file `{name}`: {error}")
    return witnessed


def fault_of(other, checkpoint, ledger, roots, found):
    """What is wrong with a checkpoint that is older than the log's own."""
    key = ledger.key_at(other.size)
    if other.origin != checkpoint.origin:
        return fault_of_earlier(other, found)
    if other.size > checkpoint.size:
        return f"the older checkpoint speaks of {other.size} entries: this log was cut"
    if roots.get(other.size) != other.root:
        return f"the older checkpoint of {other.size} entries is not a beginning of this log"
    if key is None or key.verifies(other) is False:
        return f"the older checkpoint of {other.size} entries is not signed by this log"
    return None


def fault_of_earlier(other, found):
    """What is wrong with a kept checkpoint of another origin: it may be of a log before."""
    earlier = next((earlier for earlier in found if earlier.origin == other.origin), None)
    if earlier is None:
        return f"the older checkpoint of {other.size} entries is of another log"
    if other.size > earlier.size:
        return f"the older checkpoint speaks of {other.size} entries of log {earlier.origin}, which this one continues after {earlier.size}"
    if earlier.roots is None:
        return f"the older checkpoint of {other.size} entries is of log {earlier.origin}, whose directory is not here: name it with --earlier"
    if earlier.roots.get(other.size) != other.root:
        return f"the older checkpoint of {other.size} entries is not a beginning of log {earlier.origin}, which this one continues"
    key = key_at(earlier.keys, other.size)
    if key is None or key.verifies(other) is False:
        return f"the older checkpoint of {other.size} entries is not signed by log {earlier.origin}"
    return None


def verify(folder, trusted, older, now, folders, note):
    """Notes every flaw; returns the checkpoint's size, how many entries of the journal wait for the next one, and the largest size that an older checkpoint anchors."""
    witnessed = read_witnessed(folder, note)
    checkpoint = Checkpoint(read_file(os.path.join(folder, "checkpoint"), LONGEST_CHECKPOINT))
    ledger = Ledger(checkpoint.origin, now, note)
    sizes = {checkpoint.size} | {other.size for other in [*older, *witnessed.values()]}
    roots = read_tree(folder, checkpoint.size, sizes, ledger, note)
    ledger.end_row()
    ledger.end_entry()
    if roots.get(checkpoint.size) != checkpoint.root:
        note("the entries hash to another root than the checkpoint's")
    declared = ledger.key_at(checkpoint.size)
    if declared is None or (trusted and trusted.text != declared.text):
        note("the key is not the one that the log declares")
    for key in filter(None, [trusted, declared]):
        if key.verifies(checkpoint) is False:
            note("the checkpoint is not signed by the key")
    is_whole = roots.get(checkpoint.size) == checkpoint.root
    found = find_earlier(ledger.continued, folders or beside(folder), older, note) if is_whole else []
    anchors = [0]
    for other in older:
        fault = fault_of(other, checkpoint, ledger, roots, found)
        if fault:
            note(fault)
        elif other.origin == checkpoint.origin:
            anchors.append(other.size)
    for name, other in witnessed.items():
        fault = fault_of(other, checkpoint, ledger, roots, found)
        if fault:
            note(f"the file `{name}`: {fault}")
    waiting = read_journal(folder, checkpoint.size, ledger, note) if is_whole else 0
    if is_whole:
        check_spoken_of(checkpoint.origin, found, ledger.spoken_of, note)
    check_vkey(folder, checkpoint.size, ledger, note)
    for index, leaf in ledger.texts:
        check_text(folder, index, leaf, note)
    ledger.end_row()
    ledger.end_entry()
    print(f"{checkpoint.size + (waiting or 0)} {plural(checkpoint.size + (waiting or 0))}, {len(ledger.open)} intents without outcome, {len(ledger.runs)} runs without statement")
    if ledger.again:
        print(f"{ledger.again} records destroyed under a key that an earlier run had destroyed: given anew, or told twice")
    if ledger.back or ledger.back_unplaced:
        print(f"{sum(ledger.back.values()) + ledger.back_unplaced} records that were destroyed or anonymized are back since, as the log itself says")
    if ledger.excused:
        print(f"{ledger.excused} records were disposed of again after an entry that lets them: whether their database had been put back, no log can tell")
    if ledger.untold_holds:
        print(f"{len(ledger.untold_holds)} holds by reference, person or expression stood while records were announced that they may keep: not compared")
    ledger.end_ahead()
    if ledger.answered:
        print(f"{ledger.answered} entries are dated after now, and a person answered for a clock that lies behind them: these dates are not to be believed")
    if ledger.uncompared_holds:
        print(f"{len(ledger.uncompared_holds)} holds name their record under another year's key than a destruction in the same series: not compared")
    return checkpoint.size, waiting, max(anchors)


def verify_steadily(options, trusted, older):
    """(what it says, flaws, size, entries that wait, anchor); a log that is published anew while it is read is read again."""
    before = published(options.dir)
    for attempt in range(ATTEMPTS):
        said, flaws, size, waiting, anchor = io.StringIO(), [], 0, None, 0
        try:
            now = int(time.time()) if options.now is None else options.now
            with contextlib.redirect_stdout(said):
                size, waiting, anchor = verify(options.dir, trusted, older, now, options.earlier, flaws.append)
        except (Malformed, OSError, UnicodeDecodeError) as error:
            flaws.append(str(error))
        after = published(options.dir)
        if not flaws or after == before:
            break
        before = after
    return said.getvalue(), flaws, size, waiting, anchor


def published(folder):
    """The bytes of the checkpoint in a directory, where they can be read."""
    try:
        return read_file(os.path.join(folder, "checkpoint"), LONGEST_CHECKPOINT)
    except (Malformed, OSError):
        return None


def named(path, longest, parse):
    """What a file that the auditor names holds; ends the program where it cannot be read (exit 1) or holds something else (exit 2)."""
    try:
        data = read_file(path, longest)
    except (Malformed, OSError) as error:
        sys.exit(f"{path} cannot be read: {error}")
    try:
        return parse(data)
    except (Malformed, UnicodeDecodeError) as error:
        print(f"{path} is not what it was given as: {error}", file=sys.stderr)
        sys.exit(2)


def main():
    parser = argparse.ArgumentParser(description="Verifies a destruction log.")
    parser.add_argument("dir")
    parser.add_argument("--vkey", help="file with the operator's verifier key, obtained by another way than the log")
    parser.add_argument("--checkpoint", action="append", default=[], help="a checkpoint of this log that you kept")
    parser.add_argument("--earlier", action="append", default=[], help="directory of a log that this one continues (otherwise DIR.1 and so on)")
    parser.add_argument("--now", type=int, help="seconds since 1970 instead of this machine's clock")
    options = parser.parse_args()
    # What the auditor names tells of the log only once it is a key, or a checkpoint.
    trusted = named(options.vkey, LONGEST_KEY, lambda data: Key(data.decode().removesuffix("\n"))) if options.vkey else None
    older = [named(path, LONGEST_CHECKPOINT, Checkpoint) for path in options.checkpoint]
    said, flaws, size, waiting, anchor = verify_steadily(options, trusted, older)
    print(said, end="")
    for flaw in flaws[:100]:
        print(flaw)
    print(f"{size} {plural(size)} under the checkpoint {'was' if size == 1 else 'were'} looked at")
    if waiting:
        print(f"{waiting} {plural(waiting)} in journal/ that no checkpoint covers yet {'was' if waiting == 1 else 'were'} looked at too: nothing binds the operator to them")
    if Ed25519PublicKey is None:
        print("signatures were NOT checked: the Python module `cryptography` is not installed")
    if tomllib is None:
        print("calendars' texts were NOT read: this needs Python 3.11 or later")
    print("FAIL" if flaws else f"OK-ANCHORED-TO-{anchor}" if anchor else "OK-UNANCHORED")
    return 4 if flaws else 0


if __name__ == "__main__":
    sys.exit(main())
