"""What a program hands over, as values that every JSON reader takes.

Pure: no clock, no file, no thread. The lines made here keep the wire format's rules: finite numbers or null, no integer that a
double can't hold, no NUL and no half of a surrogate pair, keys that aren't the line's own, 1 MiB at most.
"""
from __future__ import annotations

import json
import math
from typing import Any, Dict, List, Mapping, Optional, Tuple

LINE_MAX = 1 << 20
TEXT_MAX = 64 << 10  # characters of one log line or message
KEY_MAX = 200
DEPTH_MAX = 32  # the wire format allows 64 levels; the line and the batch around it are some of them
EXACT_MAX = 1 << 53

_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False)

# What the members of a metric line mean already.
_RESERVED = frozenset(("type", "step", "layer", "ts"))


class NotANumber(Exception):
    """A value that is no number and can't be made one."""


def number(value: Any) -> Any:
    """An int or a finite float; None for None, NaN and infinities.

    Whatever converts through ``float()`` is taken: numpy and torch scalars (a tensor on a device is then waited for),
    Decimal, Fraction. Raises NotANumber for text and for what doesn't convert.
    """
    kind = type(value)
    if kind is float:
        # inf - inf and NaN - NaN are NaN, which is unequal to all.
        return value if value - value == 0.0 else None
    if kind is int:
        if -EXACT_MAX <= value <= EXACT_MAX:
            return value
        try:
            return float(value)
        except OverflowError:
            return None
    if value is None:
        return None
    if kind is bool:
        return int(value)
    if isinstance(value, (str, bytes, bytearray)):
        raise NotANumber(kind.__name__)
    try:
        converted = float(value)
    except OverflowError:
        return None
    except Exception as e:
        raise NotANumber(kind.__name__) from e
    return converted if math.isfinite(converted) else None


def count(value: Any) -> Optional[int]:
    """A count of something from 0 to 2**53, cut to whole; None if it isn't one."""
    try:
        if type(value) is not int:
            value = int(value)
    except Exception:
        return None
    return value if 0 <= value <= EXACT_MAX else None


def text(value: Any, limit: int = TEXT_MAX) -> str:
    """As a string that survives UTF-8 and JSON; cut at the limit, and an ellipsis says so."""
    try:
        s = value if type(value) is str else str(value)
    except Exception:
        s = "<%s that has no text>" % type(value).__name__
    if len(s) > limit:
        s = s[: limit - 1] + "…"
    if not s.isascii():
        s = s.encode("utf-8", "replace").decode("utf-8")
    return s.replace("\0", "\ufffd") if "\0" in s else s


def clean(value: Any, depth: int = DEPTH_MAX) -> Any:
    """Any value as JSON: what JSON doesn't know becomes a number if it converts to one, else its text."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [clean(it, depth - 1) for it in value] if depth > 0 else "…"
    if isinstance(value, Mapping):
        return {text(k, KEY_MAX): clean(v, depth - 1) for k, v in value.items()} if depth > 0 else "…"
    if value is True or value is False:
        return value
    try:
        return number(value)
    except NotANumber:
        pass
    try:
        listed = value.tolist()  # arrays and tensors
    except Exception:
        return text(value)
    return clean(listed, depth - 1) if depth > 0 else "…"


def encode(line: Mapping[str, Any]) -> bytes:
    """One line without its newline; the values must be clean."""
    return _encoder.encode(line).encode("utf-8")


def metric(ts: float, step: int, layer: Optional[int], values: Mapping[str, Any]) -> Tuple[Dict[str, Any], List[str]]:
    """The line of one row of metrics, and the names left out because their values are no numbers.

    A name that the line uses itself ("type", "step", "layer", "ts") gets an underscore.
    """
    line: Dict[str, Any] = {"type": "metric", "step": step, "ts": round(ts, 3)}
    if layer is not None:
        line["layer"] = layer
    bad: List[str] = []
    for key, value in values.items():
        if type(key) is not str or not key.isascii() or not key or len(key) > KEY_MAX or "\0" in key:
            key = text(key, KEY_MAX) or "_"
        if key in _RESERVED:
            key += "_"
        try:
            line[key] = number(value)
        except NotANumber:
            bad.append(key)
    return line, bad
