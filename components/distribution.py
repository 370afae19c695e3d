"""TLS without a domain of one's own: CloudFront, with its default name and certificate, before the load balancer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component

# AWS's managed policies have the same ids in every account (CloudFront developer guide, "Use managed ... policies").
_CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"

_ORIGIN = "alb"
_SECURITY_HEADERS = "67f7725c-6f97-4210-82d7-5512b31e9d03"


class Distribution(Component):
    """Passes every request on as it came, and caches nothing: answers differ by token.

    `headers`: what it tells the origin with each request.
    """

    domain_name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        origin: pulumi.Input[str],
        headers: Mapping[str, pulumi.Input[str]],
        web_acl_arn: pulumi.Input[str] | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self._headers: list[Any] = [{"name": header, "value": value} for header, value in sorted(headers.items())]
        self.domain_name = self._create(origin, web_acl_arn).domain_name
        self.finish()

    def _create(self, origin: pulumi.Input[str], web_acl_arn: pulumi.Input[str] | None) -> aws.cloudfront.Distribution:
        return aws.cloudfront.Distribution(
            self.name,
            enabled=True,
            is_ipv6_enabled=True,
            comment=self.name,
            price_class="PriceClass_100",
            web_acl_id=web_acl_arn,
            origins=self._origins(origin),
            default_cache_behavior={
                "target_origin_id": _ORIGIN,
                "viewer_protocol_policy": "redirect-to-https",
                "allowed_methods": ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
                "cached_methods": ["GET", "HEAD"],
                "cache_policy_id": _CACHING_DISABLED,
                "origin_request_policy_id": _ALL_VIEWER,
                "response_headers_policy_id": _SECURITY_HEADERS,
                "compress": True,
            },
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate={"cloudfront_default_certificate": True},
            opts=self.child(),
        )

    def _origins(self, domain_name: pulumi.Input[str]) -> Any:
        # The whole list, because the state keeps whole properties secret or none.
        return pulumi.Output.secret(
            [
                {
                    "origin_id": _ORIGIN,
                    "domain_name": domain_name,
                    "custom_headers": self._headers,
                    "custom_origin_config": {
                        "http_port": 80,
                        "https_port": 443,
                        # The load balancer has no name that a certificate could be issued for.
                        "origin_protocol_policy": "http-only",
                        "origin_ssl_protocols": ["TLSv1.2"],
                    },
                }
            ]
        )
