"""TLS without a domain of one's own: CloudFront, with its default name and certificate, before the load balancer."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.component import Component

# AWS's managed policies have the same ids in every account (CloudFront developer guide, "Use managed ... policies").
_CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"


class Distribution(Component):
    """Passes every request on as it came, and caches nothing: answers differ by token."""

    domain_name: pulumi.Output[str]

    def __init__(self, name: str, *, origin: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self.domain_name = self._create(origin).domain_name
        self.finish()

    def _create(self, origin: pulumi.Input[str]) -> aws.cloudfront.Distribution:
        return aws.cloudfront.Distribution(
            self.name,
            enabled=True,
            is_ipv6_enabled=True,
            comment=self.name,
            price_class="PriceClass_100",
            origins=[
                {
                    "origin_id": "load-balancer",
                    "domain_name": origin,
                    "custom_origin_config": {
                        "http_port": 80,
                        "https_port": 443,
                        # The load balancer has no name that a certificate could be issued for.
                        "origin_protocol_policy": "http-only",
                        "origin_ssl_protocols": ["TLSv1.2"],
                    },
                }
            ],
            default_cache_behavior={
                "target_origin_id": "load-balancer",
                "viewer_protocol_policy": "redirect-to-https",
                "allowed_methods": ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
                "cached_methods": ["GET", "HEAD"],
                "cache_policy_id": _CACHING_DISABLED,
                "origin_request_policy_id": _ALL_VIEWER,
                "compress": True,
            },
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate={"cloudfront_default_certificate": True},
            opts=self.child(),
        )
