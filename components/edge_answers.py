"""What the load balancer answers by itself, and what it says with every answer."""

from __future__ import annotations

from typing import Any

RESPONSE_HEADERS: dict[str, Any] = {
    "routing_http_response_strict_transport_security_header_value": "max-age=63072000; includeSubDomains",
    "routing_http_response_x_content_type_options_header_value": "nosniff",
    "routing_http_response_x_frame_options_header_value": "DENY",
    "routing_http_response_server_enabled": False,
}
"""Said with every answer, even the load balancer's own; services add what depends on the answer."""


def not_found() -> Any:
    """For whatever no service has been given."""
    response = {"content_type": "text/plain", "message_body": "Not found", "status_code": "404"}
    return {"type": "fixed-response", "fixed_response": response}


def to_https() -> Any:
    """For plain HTTP."""
    return {"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"}}
