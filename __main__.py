"""The stack: configuration in, components composed, outputs out."""

from pathlib import Path

import pulumi
import pulumi_aws as aws

from components.auth import Auth, AuthArgs
from components.budget import Budget, BudgetArgs
from components.cluster import Cluster, ClusterArgs
from components.config_loading import load_config
from components.cost import monthly_estimate
from components.database import Database, DatabaseArgs
from components.delivery import Delivery, DeliveryArgs
from components.edge import Edge, EdgeArgs
from components.endpoints import Endpoints, EndpointsArgs
from components.environment import Environment
from components.firewall import Firewall, FirewallArgs
from components.flow_logs import FlowLogs, FlowLogsArgs
from components.images import Images, ImagesArgs
from components.network import Network, NetworkArgs, zones_of
from components.notifications import Notifications, NotificationsArgs
from components.observability import Observability, ObservabilityArgs
from components.service import FargateService, ServiceArgs
from services import catalog

config = load_config()
name, region = config.name, config.region
account = aws.get_caller_identity().account_id

delivery_args = DeliveryArgs.of(config, account)
delivery = None if delivery_args is None else Delivery(name, delivery_args)
boundary = None if delivery is None else delivery.boundary_arn

network = Network(name, NetworkArgs.of(config, zones_of(region)))
firewall = Firewall(name, FirewallArgs.of(config, network.vpc_id))
endpoints = Endpoints(name, EndpointsArgs.of(config, network, firewall))
auth = Auth(name, AuthArgs.of(config, account))
edge = Edge(name, EdgeArgs.of(config, account, network, firewall.edge_id, auth.origin_key))
database = Database(name, DatabaseArgs.of(config, network.isolated_subnet_ids, firewall.database_id))
cluster = Cluster(name, ClusterArgs.of(config, network.vpc_id))
images = Images(name, ImagesArgs.of(config, Path(__file__).parent))
if config.local is None:
    FlowLogs(name, FlowLogsArgs.of(config, account, network.vpc_id, boundary))
environment = Environment(
    config=config, auth=auth, database=database, public_origin=edge.url, namespace=cluster.namespace
)

watched = config.local is None
topic_arn = Notifications(name, NotificationsArgs.of(config, account)).topic_arn if watched else None
if topic_arn is not None and config.monthly_budget:
    Budget(name, BudgetArgs.of(config, topic_arn))

services = {
    service.name: FargateService(
        f"{name}-{service.name}",
        ServiceArgs(
            service=service,
            config=config,
            account=account,
            environment=environment,
            image=images[service.name],
            network=network,
            firewall=firewall,
            cluster=cluster,
            edge=edge,
            endpoints=endpoints,
            topic_arn=topic_arn,
            boundary=boundary,
        ),
    )
    for service in catalog.SERVICES
}
log_groups = {service: tasks.log_group_name for service, tasks in services.items()}
ecs_services = {service: tasks.service_name for service, tasks in services.items()}
observability = Observability(
    name,
    ObservabilityArgs(
        region=region,
        cluster_name=cluster.cluster_name,
        services=ecs_services,
        log_groups=log_groups,
        load_balancer_suffix=edge.load_balancer_suffix,
        certificate_arn=edge.certificate_arn,
        database=database.metric_dimensions,
        storage_gb=database.storage_gb,
        topic_arn=topic_arn,
    ),
)

outputs = {
    "region": region,
    "url": edge.url,
    "api_url": pulumi.Output.concat(edge.url, catalog.API_PREFIX),
    "cognito_user_pool_id": auth.user_pool_id,
    "cognito_user_pool_client_id": auth.client_id,
    "cognito_domain": auth.domain,
    "cognito_issuer": auth.issuer,
    "cognito_jwks_url": auth.jwks_url,
    "ecr_repository_urls": images.repository_urls,
    "image_digests": images.references,
    "cluster_name": cluster.cluster_name,
    "service_names": ecs_services,
    "database_endpoint": database.endpoint,
    "log_group_names": log_groups,
    "environments": {service: tasks.environment for service, tasks in services.items()},
    "dashboard_url": observability.dashboard_url,
    "monthly_estimate": monthly_estimate(config),
}
if delivery is not None:
    outputs |= {
        "plan_role_arn": delivery.plan_role_arn,
        "drift_role_arn": delivery.drift_role_arn,
        "deploy_role_arn": delivery.deploy_role_arn,
    }
for output, value in outputs.items():
    pulumi.export(output, value)
