package io.clonedevice.metadata.persistent;

/**
 * One thing that is wrong with the metadata on a device.
 *
 * @param block number of the metadata block that holds the wrong field
 * @param field name of the field
 * @param found what the field says; for a checksum, what the block's bytes give
 * @param expected what it ought to say; for a checksum, what the block claims
 * @param message one sentence that names all of these
 */
public record MetadataFault(
    long block, String field, String found, String expected, String message) {

  static MetadataFault of(
      String structure, long block, String field, Object found, Object expected) {
    return new MetadataFault(
        block,
        field,
        found.toString(),
        expected.toString(),
        structure
            + " check failed: "
            + field
            + " "
            + found
            + ", expected "
            + expected
            + " (metadata block "
            + block
            + ")");
  }

  @Override
  public String toString() {
    return message;
  }
}
