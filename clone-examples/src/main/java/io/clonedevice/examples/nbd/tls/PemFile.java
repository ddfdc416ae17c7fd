package io.clonedevice.examples.nbd.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A file of certificates or of a private key in PEM form; text around the blocks is skipped. */
final class PemFile {
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \\1-----");

  /** Version 0, then the algorithm: rsaEncryption without parameters. */
  private static final byte[] RSA_PREFIX =
      HexFormat.of().parseHex("020100300d06092a864886f70d0101010500");

  private final Path path;
  private final String text;

  private PemFile(Path path) throws IOException {
    this.path = path;
    this.text = Files.readString(path, StandardCharsets.ISO_8859_1);
  }

  /** Reads all certificates of a file, at least one. */
  static List<X509Certificate> certificates(Path path) throws IOException {
    PemFile file = new PemFile(path);
    List<X509Certificate> certificates = new ArrayList<>();
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      Matcher block = BLOCK.matcher(file.text);
      while (block.find()) {
        if (block.group(1).equals("CERTIFICATE")) {
          certificates.add(
              (X509Certificate)
                  factory.generateCertificate(new ByteArrayInputStream(file.decode(block))));
        }
      }
    } catch (GeneralSecurityException e) {
      throw new IOException(path + " holds a broken certificate: " + e.getMessage(), e);
    }
    if (certificates.isEmpty()) {
      throw new IOException(path + " holds no certificate in PEM form");
    }
    return certificates;
  }

  /**
   * Reads the private key of a file.
   *
   * @param algorithm that of the public key that belongs to it
   */
  static PrivateKey privateKey(Path path, String algorithm) throws IOException {
    PemFile file = new PemFile(path);
    Matcher block = BLOCK.matcher(file.text);
    while (block.find()) {
      String kind = block.group(1);
      if (!kind.endsWith("PRIVATE KEY")) {
        continue;
      }
      byte[] encoded =
          switch (kind) {
            case "PRIVATE KEY" -> file.decode(block);
            case "RSA PRIVATE KEY" -> pkcs8OfRsa(file.decode(block));
            default ->
                throw new IOException(
                    path
                        + " holds a key of the kind "
                        + kind
                        + "; convert it with openssl pkcs8 -topk8 -nocrypt");
          };
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
      } catch (GeneralSecurityException e) {
        throw new IOException(
            path + " holds no key of the certificate's algorithm, " + algorithm, e);
      }
    }
    throw new IOException(path + " holds no private key in PEM form");
  }

  private byte[] decode(Matcher block) throws IOException {
    try {
      return Base64.getMimeDecoder().decode(block.group(2));
    } catch (IllegalArgumentException e) {
      throw new IOException(path + " is damaged: " + e.getMessage(), e);
    }
  }

  /** Wraps a bare RSA key, as certtool writes it, into the form that says that it is one. */
  private static byte[] pkcs8OfRsa(byte[] bare) {
    byte[] key = der(0x04, new byte[0], bare);
    return der(0x30, RSA_PREFIX, key);
  }

  private static byte[] der(int tag, byte[] first, byte[] second) {
    int length = first.length + second.length;
    byte[] header =
        length < 0x80
            ? new byte[] {(byte) tag, (byte) length}
            : new byte[] {(byte) tag, (byte) 0x82, (byte) (length >> 8), (byte) length};
    byte[] whole = new byte[header.length + length];
    System.arraycopy(header, 0, whole, 0, header.length);
    System.arraycopy(first, 0, whole, header.length, first.length);
    System.arraycopy(second, 0, whole, header.length + first.length, second.length);
    return whole;
  }
}
