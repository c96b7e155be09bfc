"""A bill of materials (CycloneDX 1.6) by ``cyclonedx-python-lib``, the extra ``sbom``."""

from __future__ import annotations

from reenact.environments.packages import Package
from reenact.errors import UnsupportedError
from reenact.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclonedx.model.component import Component

    from reenact.environments.export import Exported

_ALGORITHMS = {"md5": "MD5", "sha1": "SHA_1", "sha256": "SHA_256", "sha384": "SHA_384", "sha512": "SHA_512"}


def render_bom(exported: Exported) -> str:
    """The document; equal for equal runs.

    Raises:
        UnsupportedError: the library is not installed.
    """
    try:
        from cyclonedx.model.bom import Bom
        from cyclonedx.model.component import Component, ComponentType
        from cyclonedx.output.json import JsonV1Dot6
    except ImportError as problem:
        raise UnsupportedError(
            "CycloneDX needs a package that is not installed", hint="python -m pip install 'reenact[sbom]'"
        ) from problem
    from datetime import datetime
    from uuid import UUID

    project = Component(name=exported.project, type=ComponentType.APPLICATION, bom_ref=f"run:{exported.run}")
    components = [_make_component(package) for package in exported.packages]
    bom = Bom(components=components, serial_number=UUID(exported.lock.key[:32]))
    bom.metadata.component = project
    bom.metadata.timestamp = datetime.fromisoformat(exported.created)
    # What needs what is not in every lock; what the run needs is.
    bom.register_dependency(project, components)
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _make_component(package: Package) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    more = {"build": package.build} if package.build else {}
    is_image = package.kind == "image"
    address = PackageURL(
        "docker" if is_image else package.kind, name=package.name, version=package.version or None, qualifiers=more
    )
    # Of several files that may stand for the package, none is the component's own.
    one = [value.partition(":") for value in package.hashes] if len(package.hashes) == 1 else []
    return Component(
        name=package.name,
        version=package.version or None,
        type=ComponentType.CONTAINER if is_image else ComponentType.LIBRARY,
        purl=address,
        bom_ref=str(address),
        hashes=[HashType(alg=HashAlgorithm[_ALGORITHMS[kind]], content=value) for kind, _, value in one],
    )
