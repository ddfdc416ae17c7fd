package io.clonedevice.examples.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NbdUriTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      emptyValue = "",
      textBlock =
          """
          nbd://example.com/disk              | example.com | 10809 | disk
          nbd://example.com:1234/disk         | example.com | 1234  | disk
          nbd://example.com                   | example.com | 10809 | ''
          nbd://example.com/                  | example.com | 10809 | ''
          nbd://example.com//disk             | example.com | 10809 | /disk
          nbd://example.com/hello%20world     | example.com | 10809 | hello world
          nbd://example.com/a+b%2Fc%3F%C3%A9  | example.com | 10809 | a+b/c?é
          NBD://127.0.0.1/x                   | 127.0.0.1   | 10809 | x
          nbd://[::1]:99/x                    | ::1         | 99    | x
          """)
  void tcp(String text, String host, int port, String export) {
    NbdUri uri = NbdUri.parse(text);
    assertThat(uri.host()).isEqualTo(host);
    assertThat(uri.port()).isEqualTo(port);
    assertThat(uri.exportName()).isEqualTo(export);
    assertThat(uri.socket()).isNull();
    assertThat(uri.tls()).isFalse();
    assertThat(uri).hasToString(text);
  }

  @Test
  void unixDomainSocket() {
    NbdUri uri = NbdUri.parse("nbd+unix:///disk?socket=/run/my%20nbd.sock");
    assertThat(uri.socket()).isEqualTo(Path.of("/run/my nbd.sock"));
    assertThat(uri.exportName()).isEqualTo("disk");
    assertThat(uri.host()).isNull();
    assertThat(uri.tls()).isFalse();
    assertThat(NbdUri.parse("nbd+unix://?socket=nbd.sock").exportName()).isEmpty();
  }

  @Test
  void tlsParameters() {
    NbdUri uri =
        NbdUri.parse("nbds://10.0.0.1/?tls-certificates=/etc/pki&tls-hostname=disks.example");
    assertThat(uri.tls()).isTrue();
    assertThat(uri.tlsCertificates()).isEqualTo(Path.of("/etc/pki"));
    assertThat(uri.tlsHostName()).isEqualTo("disks.example");
    assertThat(uri.tlsVerifyPeer()).isTrue();
    NbdUri plain = NbdUri.parse("nbds+unix:///?socket=s&tls-verify-peer=0&tls-type=x509");
    assertThat(plain.tlsVerifyPeer()).isFalse();
    assertThat(plain.tlsCertificates()).isNull();
    assertThat(plain.tlsHostName()).isEqualTo("localhost");
    assertThat(NbdUri.parse("nbds://example.com").tlsHostName()).isEqualTo("example.com");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          nbd:///disk                            | no host
          nbd://my_host/disk                     | no host
          nbd:unix:/tmp/socket                   | write nbd://HOST
          nbd+unix:///disk                       | no socket
          nbd+unix:///disk?socket=               | no socket
          nbd+unix://host/disk?socket=s          | three slashes
          nbd+unix:///?socket=%00x               | abstract
          nbd+vsock://2:10809/                   | nbd+vsock is not supported
          nbd+ssh://host/                        | nbd+ssh is not supported
          nbd://host/?socket=s                   | belongs to the schemes nbd+unix
          nbd://host:0/                          | port 0
          nbd://host:65536/                      | port 65536
          nbd://host:x/                          | no host
          nbd://host/%zz                         | is no URI
          nbd://host/%ff                         | not UTF-8
          nbd://host/a b                         | is no URI
          nbd://host/a#b                         | write nbd://HOST
          nbd://alice@host/                      | user name
          nbd://host/?speed=9                    | unknown parameter speed
          nbd://host/?speed                      | has no value
          nbd://host/?tls-verify-peer=0          | belongs to the schemes nbds
          nbds://host/?tls-verify-peer=no        | cannot be 'no'
          nbds://host/?tls-type=psk              | cannot be 'psk'
          nbds://host/?tls-type=x509&tls-type=x509 | given twice
          http://host/                           | no NBD URI
          """)
  void refused(String text, String why) {
    assertThatThrownBy(() -> NbdUri.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(text)
        .hasMessageContaining(why);
  }

  @Test
  void nameThatNoServerMayHaveIsRefused() {
    assertThatThrownBy(() -> NbdUri.parse("nbd://host/" + "x".repeat(4097)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("longer than 4096");
  }

  @ParameterizedTest
  @ValueSource(strings = {"disk.img", "/nbd:x", "nbdisk:1", "./nbd://x", "http://x"})
  void pathsAreNoUris(String text) {
    assertThat(NbdUri.isNbdUri(text)).isFalse();
  }
}
