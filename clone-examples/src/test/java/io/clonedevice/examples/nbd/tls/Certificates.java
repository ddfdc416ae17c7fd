package io.clonedevice.examples.nbd.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * An authority of our own and certificates that it signed, as PEM files with the names that QEMU
 * and nbdkit look for.
 */
public final class Certificates {
  private static final String PASSWORD = "changeit";

  private Certificates() {}

  /**
   * Makes ca-cert, server-cert, server-key, client-cert and client-key for localhost. RSA: GnuTLS
   * does not read elliptic keys as Java writes them.
   */
  public static Path inDirectory(Path directory) throws IOException, GeneralSecurityException {
    Files.createDirectories(directory);
    Path store = directory.resolve("keys.p12");
    keytool(store, "-alias", "ca", "-dname", "CN=test authority", "-ext", "bc:c", "-keyalg", "EC");
    keytool(
        store,
        List.of("-alias", "server", "-dname", "CN=localhost"),
        "-signer",
        "ca",
        "-ext",
        "san=dns:localhost,ip:127.0.0.1",
        "-keyalg",
        "RSA");
    keytool(
        store,
        List.of("-alias", "client", "-dname", "CN=client"),
        "-signer",
        "ca",
        "-keyalg",
        "RSA");
    KeyStore keys = KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
    write(directory.resolve("ca-cert.pem"), "CERTIFICATE", keys.getCertificate("ca").getEncoded());
    for (String role : List.of("server", "client")) {
      Certificate[] chain = keys.getCertificateChain(role);
      write(directory.resolve(role + "-cert.pem"), "CERTIFICATE", chain[0].getEncoded());
      write(
          directory.resolve(role + "-key.pem"),
          "PRIVATE KEY",
          keys.getKey(role, PASSWORD.toCharArray()).getEncoded());
    }
    return directory;
  }

  private static void keytool(Path store, String... more) throws IOException {
    keytool(store, List.of(), more);
  }

  private static void keytool(Path store, List<String> first, String... more) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of("-genkeypair", "-storetype", "PKCS12", "-keystore", store.toString()));
    command.addAll(List.of("-storepass", PASSWORD, "-validity", "2"));
    command.addAll(first);
    command.addAll(List.of(more));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (process.waitFor() != 0) {
        throw new IOException(command + ": " + said);
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  static void write(Path file, String kind, byte[] encoded) throws IOException {
    Files.writeString(
        file,
        "made for a test\n-----BEGIN "
            + kind
            + "-----\n"
            + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded)
            + "\n-----END "
            + kind
            + "-----\n");
  }
}
