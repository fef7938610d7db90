"""Reads lines of spans as OTLP's own messages and checks what a schema cannot: ids, parents and nested times.

    check-spans.py FILE [PARENT]     PARENT: the span of another program that the roots belong to
"""

import base64
import json
import re
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def in_base64(value):
    """OTLP's JSON has ids in hexadecimal, where the general mapping of messages to JSON has base64."""
    if isinstance(value, list):
        return [in_base64(element) for element in value]
    if not isinstance(value, dict):
        return value
    changed = {key: in_base64(member) for key, member in value.items()}
    for key, digits in (("traceId", 32), ("spanId", 16), ("parentSpanId", 16)):
        if key in changed:
            assert re.fullmatch(f"[0-9a-f]{{{digits}}}", changed[key]), f"{key}: {changed[key]}"
            changed[key] = base64.b64encode(bytes.fromhex(changed[key])).decode()
    return changed


spans = []
for line in open(sys.argv[1], encoding="utf-8"):
    # Members that the messages do not have are refused.
    request = json_format.ParseDict(in_base64(json.loads(line)), ExportTraceServiceRequest())
    for resource in request.resource_spans:
        assert any(a.key == "service.name" for a in resource.resource.attributes), "no service.name"
        for scope in resource.scope_spans:
            spans += scope.spans

by_id = {span.span_id: span for span in spans}
assert spans, "no spans"
assert len(by_id) == len(spans), "a span's id occurs twice"
assert len({span.trace_id for span in spans}) == 1, "more than one trace"
outside = bytes.fromhex(sys.argv[2]) if len(sys.argv) > 2 else b""
for span in spans:
    assert any(span.span_id) and any(span.trace_id), "an id of zeros"
    assert span.name and span.kind, f"{span}"
    assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano, f"times of {span}"
    if span.parent_span_id == outside:
        continue
    parent = by_id[span.parent_span_id]
    assert parent.start_time_unix_nano <= span.start_time_unix_nano, f"{span.name} begins before {parent.name}"
    assert span.end_time_unix_nano <= parent.end_time_unix_nano, f"{span.name} ends after {parent.name}"
