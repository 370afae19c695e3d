"""Where moto is not enough of AWS for a whole deployment, and what stands in: each entry of GAPS is told to people.

None of it makes a wrong request pass: calls are checked by moto as ever, these only keep or answer more.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import Any

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.budgets.responses import BudgetsResponse
from moto.cloudfront import models as cloudfront
from moto.cognitoidp.responses import CognitoIdpResponse
from moto.core.responses import ActionResult, BaseResponse
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.moto_api import state_manager
from moto.rds.responses import RDSResponse

Answer = Any
Handler = Callable[[Any], Answer]

TAGS: dict[str, dict[str, str]] = {}
"""Of what moto keeps no tags of, by ARN."""


def around(owner: Any, name: str, after: Callable[[Any, Answer], Answer]) -> None:
    """Let `after` see, and change, what the handler `name` of a moto class answers."""
    handler: Handler = getattr(owner, name)

    @functools.wraps(handler)
    def handle(self: Any) -> Answer:
        return after(self, handler(self))

    setattr(owner, name, handle)


def refuse_unknown_calls() -> None:
    """A call that moto does not know is refused at once: providers would try again for minutes."""
    known = BaseResponse.call_action

    def call_action(self: BaseResponse) -> Any:
        try:
            return known(self)
        except NotImplementedError as error:
            print(f"{self.service_name}: {error}", file=sys.stderr, flush=True)
            told = {"__type": "NotImplemented", "message": f"the emulator does not know this call: {error}"}
            return 501, {"x-amzn-errortype": "NotImplemented"}, json.dumps(told)

    BaseResponse.call_action = call_action  # type: ignore[method-assign]


def settle_services() -> None:
    """Services are steady at once: no container starts, so a rehearsal says nothing about images."""

    def settle(_: Any, answer: Answer) -> Answer:
        for service in answer.result["services"]:
            if getattr(service, "status", "") == "ACTIVE":
                service.running_count, service.pending_count = service.desired_count, 0
                for deployment in service.deployments:
                    deployment |= {"runningCount": service.desired_count, "pendingCount": 0}
                    deployment |= {"rolloutState": "COMPLETED"}
        return answer

    around(EC2ContainerServiceResponse, "describe_services", settle)


def end_tasks() -> None:
    """One-off tasks end well at once, without having run: no migration is tried on a database."""
    state_manager.set_transition("ecs::task", {"progression": "immediate"})


def keep_what_services_are_told() -> None:
    """Settings of ECS services that moto forgets are kept: deployment, grace period, tags by ECS, shell access."""
    kept = {
        "deploymentConfiguration": "deployment_configuration",
        "enableECSManagedTags": "enable_ecs_managed_tags",
        "enableExecuteCommand": "enable_execute_command",
        "healthCheckGracePeriodSeconds": "health_check_grace_period_seconds",
        "availabilityZoneRebalancing": "availability_zone_rebalancing",
        "capacityProviderStrategy": "capacity_provider_strategy",
    }

    def keep(self: Any, answer: Answer) -> Answer:
        service = answer.result["service"]
        for member, attribute in kept.items():
            value = self._get_param(member)
            if value is not None:
                setattr(service, attribute, value)
        return answer

    for name in ("create_service", "update_service"):
        around(EC2ContainerServiceResponse, name, keep)


def keep_what_databases_are_told() -> None:
    """Whether a database's performance is recorded is kept: moto forgets it."""

    def keep(self: Any, answer: Answer) -> Answer:
        instance = answer.result["DBInstance"]
        if "EnablePerformanceInsights" in self.params:
            instance.performance_insights_enabled = self.params["EnablePerformanceInsights"]
        days = self.params.get("PerformanceInsightsRetentionPeriod")
        if days is not None:
            instance.performance_insights_retention_period = days
        return answer

    for name in ("create_db_instance", "modify_db_instance"):
        around(RDSResponse, name, keep)


def tell_who_set_parameters() -> None:
    """Parameters of a database are told as set by its user: moto does not say who set them."""

    def mark(_: Any, answer: Answer) -> Answer:
        for parameter in answer.result["Parameters"]:
            parameter["Source"] = "user"
        return answer

    around(RDSResponse, "describe_db_parameters", mark)


def keep_tags() -> None:
    """Tags of scaling targets and budgets are kept: moto has no calls for them."""

    def of(self: Any) -> str:
        return str(self._get_param("ResourceARN"))

    def tag(self: Any) -> str:
        TAGS.setdefault(of(self), {}).update(self._get_param("Tags") or {})
        return "{}"

    def untag(self: Any) -> str:
        for key in self._get_param("TagKeys") or []:
            TAGS.get(of(self), {}).pop(key, None)
        return "{}"

    def registered(self: Any, answer: str) -> str:
        TAGS.setdefault(json.loads(answer)["ScalableTargetARN"], {}).update(self._get_param("Tags") or {})
        return answer

    def created(self: Any, answer: str) -> str:
        name, account = self._get_param("Budget")["BudgetName"], self._get_param("AccountId")
        given = {pair["Key"]: pair["Value"] for pair in self._get_param("ResourceTags") or []}
        TAGS[f"arn:aws:budgets::{account}:budget/{name}"] = given
        return answer

    scaling: Any = ApplicationAutoScalingResponse
    scaling.tag_resource, scaling.untag_resource = tag, untag
    scaling.list_tags_for_resource = lambda self: json.dumps({"Tags": TAGS.get(of(self), {})})
    around(scaling, "register_scalable_target", registered)
    budgets: Any = BudgetsResponse
    budgets.list_tags_for_resource = lambda self: json.dumps(
        {"ResourceTags": [{"Key": key, "Value": value} for key, value in TAGS.get(of(self), {}).items()]}
    )
    around(budgets, "create_budget", created)


def delete_resource_servers() -> None:
    """Scopes of a user pool can be deleted: moto can only make them."""

    def delete(self: Any) -> ActionResult:
        pool = self.backend.describe_user_pool(self._get_param("UserPoolId"))
        pool.resource_servers.pop(self._get_param("Identifier"), None)
        return ActionResult({})

    cognito: Any = CognitoIdpResponse
    cognito.delete_resource_server = delete


def show_distributions_as_made() -> None:
    """CloudFront shows a distribution without the parts that moto adds: forwarded values, a certificate's details."""
    behaviour, certificate = cloudfront.DefaultCacheBehaviour.__init__, cloudfront.ViewerCertificate.__init__

    def make_behaviour(self: Any, config: dict[str, Any]) -> None:
        behaviour(self, config)
        if self.cache_policy_id:
            self.forwarded_values = None

    def make_certificate(self: Any, config: dict[str, Any]) -> None:
        certificate(self, config)
        if self.cloud_front_default_certificate:
            self.iam_certificate_id = self.acm_certificate_arn = None

    cloudfront.DefaultCacheBehaviour.__init__ = make_behaviour  # type: ignore[method-assign]
    cloudfront.ViewerCertificate.__init__ = make_certificate  # type: ignore[method-assign]


GAPS: tuple[Callable[[], None], ...] = (
    settle_services,
    end_tasks,
    keep_what_services_are_told,
    keep_what_databases_are_told,
    tell_who_set_parameters,
    keep_tags,
    delete_resource_servers,
    show_distributions_as_made,
    refuse_unknown_calls,
)


def sentences() -> list[str]:
    """What each gap is filled with, for people."""
    return [" ".join((gap.__doc__ or "").split()) for gap in GAPS]
