"""The cloud: manifests in, CloudFormation templates out. The only package that knows the CDK."""

from os import environ  # noqa: TID251 - jsii takes its Node from the environment

from infra.node import choose_node

# Here, because jsii starts Node when any module below imports `aws_cdk`.
choose_node(environ)
