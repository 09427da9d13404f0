"""Answers that no API promises: truncated, huge, slow, of the wrong type or no HTTP at all."""

import json

from tests.clients.hostile import (
    Answer,
    dripping,
    endless,
    head,
    http,
    raw,
    silent,
    then_silent,
)

KEY = "sk-hostile-0123456789"
PLANTED = "sk-planted-9876543210"
"""A key in what is answered with 200: settings hold such."""
JSON = "application/json"
KEYS = json.dumps({"OPENAI_API_KEYS": [PLANTED], "data": [{"id": PLANTED}]}).encode()
PAGE = b"<!DOCTYPE html><html><body>Open WebUI</body></html>"
HUGE = (
    b"[" + b'"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",' * 800_000 + b"1]"
)

BODIES: dict[str, bytes] = {
    "empty": b"",
    "truncated": KEYS[:-4],
    "a list": json.dumps([json.loads(KEYS)]).encode(),
    "a text": json.dumps(PLANTED).encode(),
    "a number": b"17",
    "null": b"null",
    "no JSON": b"OK " + PLANTED.encode(),
    "invalid UTF-8": b'{"data": [{"id": "\xff\xfe"}], "version": "\xff"}',
    "deep nesting": b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "nesting just below the limit": b'{"data": ' + b"[" * 700 + b"]" * 700 + b"}",
    "a number of 10,000 digits": b'{"data": ' + b"9" * 10_000 + b"}",
    "NaN": b'{"data": NaN, "fields": Infinity}',
    "a null byte": b'{"data": "\x00"}',
    "no fields": b"{}",
    "fields of null": json.dumps(dict.fromkeys(["data", "fields", "token", "role"])).encode(),
    "data as text": json.dumps({"data": "abc", "fields": "abc"}).encode(),
    "data as number": json.dumps({"data": 5, "fields": 5, "version": 5}).encode(),
    "data of texts": json.dumps({"data": ["a", "b"], "fields": ["a"]}).encode(),
    "data of lists": json.dumps({"data": [[], [1]], "fields": [[]]}).encode(),
    "data as object": json.dumps({"data": {"id": "x"}, "fields": {}}).encode(),
    "items without fields": json.dumps({"data": [{}, {}], "fields": [{}]}).encode(),
    "items of odd fields": json.dumps(
        {
            "data": [{"id": 5, "urlIdx": "0", "info": "x", "model_info": "x", "litellm_params": 1}],
            "fields": [{"field_name": "fallbacks", "field_value": {"a": 1}}],
            "OPENAI_API_BASE_URLS": [1, None],
            "OPENAI_API_KEYS": "abc",
            "OPENAI_API_CONFIGS": ["x"],
        }
    ).encode(),
    "settings of odd types": json.dumps(
        {
            "OPENAI_API_BASE_URLS": ["http://a"],
            "OPENAI_API_CONFIGS": {"0": "x", "http://a": {"model_ids": 5}},
            "data": [{"id": None, "info": {"base_model_id": {}}}],
            "fields": [
                {"field_name": "fallbacks", "field_value": [5, {"a": "b"}, {"vllm-qwen": 1}]}
            ],
            "fallback_models": "abc",
        }
    ).encode(),
    "URLs that are objects": json.dumps(
        {"OPENAI_API_BASE_URLS": [{"a": 1}, ["b"]], "OPENAI_API_CONFIGS": {"a": 1}}
    ).encode(),
    "seconds that no clock holds": json.dumps(
        {
            "data": [{"model_info": {"cooldown_time": 10**400}}, {"model_info": {}}],
            "fields": [{"field_name": "cooldown_time", "field_value": float("nan")}],
        }
    ).encode(),
    "URLs as text": b'{"OPENAI_API_BASE_URLS": "http://a", "OPENAI_API_CONFIGS": 5}',
}
ANSWERS: dict[str, Answer] = {
    **{name: http(body) for name, body in BODIES.items()},
    "a web page with 200": http(PAGE, "text/html"),
    "a web page that calls itself JSON": http(PAGE),
    "JSON that calls itself a page": http(KEYS, "text/html"),
    "50 MB": http(HUGE),
    "a body without end": endless(head(JSON), b"x" * 65_536),
    "chunks without end": endless(
        head(JSON, "transfer-encoding: chunked"), b"10000\r\n" + b" " * 65_536 + b"\r\n"
    ),
    "a slow drip": dripping(head(JSON), b" "),
    "silence": silent,
    "silence after the headers": then_silent(head(JSON)),
    "the end before any answer": raw(b""),
    "the end within the headers": raw(b"HTTP/1.1 200 OK\r\ncontent-ty"),
    "the end within the body": raw(head(JSON, "content-length: 1000") + KEYS),
    "a broken chunk": raw(head(JSON, "transfer-encoding: chunked") + b"zz\r\nhello\r\n"),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "broken gzip": http(b"this is no gzip", JSON, "content-encoding: gzip"),
    "a header of 1 MB": raw(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1_000_000 + b"\r\n\r\n"),
    "a redirect to itself": http(b"", JSON, "location: /", status="302 Found"),
    "a redirect to elsewhere": http(b"", JSON, "location: http://192.0.2.1/", status="307 Go"),
    "401": http(b'{"detail": "Not authenticated"}', status="401 Unauthorized"),
    "a list of what was wrong": http(b'{"detail": [{"loc": ["x"]}]}', status="422 Unprocessable"),
    "an error as text": http(b'{"error": "no"}', status="500 Internal Server Error"),
    "an error as object": http(b'{"error": {"message": {"a": 1}}}', status="503 Unavailable"),
    "an empty 500": http(b"", status="500 Internal Server Error"),
    "a page with 502": http(PAGE, "text/html", status="502 Bad Gateway"),
    "204": raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "an unknown status": http(b"{}", status="799 Odd"),
}
