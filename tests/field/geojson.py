"""Opens GeoJSON as QuPath does: python3 tests/field/geojson.py FILE… (shapely).

QuPath itself is no package of pip, so its reader is followed here step by step (QuPathTypeAdapters.java,
ROITypeAdapters.java, versions 0.4 to 0.6): a collection of features, each with a UUID, a geometry that JTS calls
valid, and properties. Prints the objects of each file; the first fault ends it.
"""

import json
import math
import sys
import uuid

from shapely.geometry import shape
from shapely.validation import explain_validity

OBJECT_TYPES = {"detection", "annotation"}


def checked(pairs):
    """An object: no key twice, no null."""
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key stands twice: {keys}"
    assert all(value is not None for _, value in pairs), f"null in {pairs}"
    return dict(pairs)


def refused(constant):
    raise AssertionError(f"{constant} is no number of JSON")


def check(feature, known):
    assert feature["type"] == "Feature"
    assert uuid.UUID(feature["id"]) not in known, f"{feature['id']} stands twice"
    known.add(uuid.UUID(feature["id"]))

    geometry = shape(feature["geometry"])
    assert geometry.geom_type == "Polygon" and geometry.area > 0
    assert geometry.is_valid, explain_validity(geometry)
    for ring in feature["geometry"]["coordinates"]:
        assert ring[0] == ring[-1], "an open ring"
        for value in sum(ring, []):
            assert abs(value * 100 - round(value * 100)) < 1e-6, f"{value} is finer than .01"

    properties = feature["properties"]
    assert properties["objectType"] in OBJECT_TYPES
    if (classification := properties.get("classification")) is not None:
        assert classification["name"]
        assert len(classification["color"]) == 3
        assert all(0 <= value <= 255 for value in classification["color"])
    for name, value in properties.get("measurements", {}).items():
        assert isinstance(value, (int, float)) and math.isfinite(value), f"{name} is {value}"
    for name, value in properties.get("metadata", {}).items():
        assert isinstance(value, str), f"{name} is {value}"


for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        collection = json.load(file, object_pairs_hook=checked, parse_constant=refused)
    assert collection["type"] == "FeatureCollection"
    known = set()
    for feature in collection["features"]:
        check(feature, known)
    print(f"{path}: {len(known)} objects")
