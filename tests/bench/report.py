"""report - figures of several rounds beside their references, as JSON and as Markdown tables."""
import json
import statistics


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def ratio(value, reference):
    """None where either was not measured."""
    return value / reference if value is not None and reference else None


def figure(name, unit, rounds, reference=None, aim=None, note=None):
    """`rounds`, and those of the reference {"name", "rounds"}: dicts with `value`, `cpu_us`, …

    The ratio is that of the medians. `aim`: (what is compared, "<=" or ">=", limit), where what is
    compared is "ratio", "cpu ratio", or a name of one of the values.
    """
    middle = {key: median([one.get(key) for one in rounds])
              for key in dict.fromkeys(key for one in rounds for key in one)}
    written = {"name": name, "unit": unit, **middle, "rounds": rounds}
    if reference:
        other = {key: median([one.get(key) for one in reference["rounds"]])
                 for one in reference["rounds"] for key in one}
        written["reference"] = {"name": reference["name"], **other, "rounds": reference["rounds"]}
        written["ratio"] = ratio(middle.get("value"), other.get("value"))
        written["cpu ratio"] = ratio(middle.get("cpu_us"), other.get("cpu_us"))
    if note:
        written["note"] = note
    if aim:
        what, sign, limit = aim
        reached = written.get(what)
        written["aim"] = f"{what} {sign} {limit:g}" if what != "value" else f"{sign} {limit:g}"
        written["is_met"] = (None if reached is None
                             else reached <= limit if sign == "<=" else reached >= limit)
    return written


def show(value):
    """Three digits that matter, and thousands apart."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def row(one):
    reference = one.get("reference", {})
    verdict = {True: "yes", False: "no"}.get(one.get("is_met"), "not measured")
    return [one["name"], one["unit"], show(one.get("value")), show(one.get("cpu_us")),
            show(one.get("p50_us")), show(one.get("p99_us")), show(one.get("p999_us")),
            reference.get("name", ""), show(reference.get("value")) if reference else "",
            show(reference.get("cpu_us")) if reference else "",
            show(one.get("ratio")) if reference else "",
            show(one.get("cpu ratio")) if reference else "",
            f"{one['aim']}: {verdict}" if "aim" in one else ""]


HEAD = ["figure", "unit", "value", "CPU µs", "p50 µs", "p99 µs", "p99.9 µs", "reference",
        "its value", "its CPU µs", "ratio", "CPU ratio", "aim"]


def table(figures):
    """Without the columns in which nothing stands."""
    rows = [row(one) for one in figures]
    used = [i for i in range(len(HEAD)) if i < 3 or any(one[i] not in ("", "–") for one in rows)]
    lines = [HEAD, ["---"] * len(HEAD), *rows]
    return "\n".join("| " + " | ".join(line[i] for i in used) + " |" for line in lines)


def markdown(result):
    facts = "; ".join(f"{name} {value}" for name, value in result["machine"].items())
    parts = [f"{result['rounds']} rounds. {facts}."]
    for section, figures in result["sections"].items():
        parts.append(f"### {section}\n\n{table(figures)}")
        parts += [f"{one['name']}: {one['note']}" for one in figures if "note" in one]
    return "\n\n".join(parts) + "\n"


def write(result, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")
