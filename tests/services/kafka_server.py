"""Apache Kafka, one node that is broker and controller (KRaft), with a listener in clear and one with TLS."""

import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

from services.service import Running, cache

_POM = Path(__file__).parent / "kafka" / "pom.xml"
# A small heap and a compiler that stops early: the broker is up in two seconds and holds 200 MB.
_JAVA = ("java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{clear},SSL://127.0.0.1:{tls},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{clear},SSL://127.0.0.1:{tls}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT
ssl.keystore.type=PEM
ssl.keystore.location={folder}/server.pem
log.dirs={folder}/data
num.partitions=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
log.cleaner.enable=false
num.network.threads=1
num.io.threads=2
"""


class Kafka:
    """A Kafka broker; its ports are in clear, with TLS, and the controller's."""

    name = "kafka"
    port_count = 3

    def missing(self) -> str | None:
        """Ask for Java, the jars, and the tool that makes the certificate."""
        if shutil.which("java") is None:
            return "no Java; run scripts/services"
        if not (_jars() / ".complete").exists():
            return "no jars of Apache Kafka; run scripts/services"
        return None if shutil.which("openssl") else "no openssl, which makes the broker's certificate"

    def prepare(self, place: Running) -> list[str]:
        """Write the settings, make a certificate and format the log folder."""
        clear, tls, controller = place.ports
        settings = place.folder / "server.properties"
        settings.write_text(_PROPERTIES.format(clear=clear, tls=tls, controller=controller, folder=place.folder))
        _certify(place.folder)
        java = [*_JAVA, "-cp", f"{_jars()}/*"]
        cluster = ["--config", str(settings), "--cluster-id", "spanglassspanglasssp01"]
        subprocess.run([*java, "kafka.tools.StorageTool", "format", *cluster], check=True, stdout=subprocess.DEVNULL)
        return [*java, "kafka.Kafka", str(settings)]

    def ready(self, place: Running) -> bool:
        """It listens before it is ready, and says when it is."""
        return "Kafka Server started" in (place.folder / "log").read_text(errors="replace")


def _jars() -> Path:
    version = ET.parse(_POM).findtext("{http://maven.apache.org/POM/4.0.0}version")  # noqa: S314 - our own file
    return cache() / f"kafka-{version}"


def _certify(folder: Path) -> None:
    """Make a key and a certificate for 127.0.0.1 that is its own authority: `certificate.pem`."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*make, *name], check=True, capture_output=True)
    (folder / "server.pem").write_text(key.read_text() + certificate.read_text())
