package io.clonedevice.examples.nbd;

/** What an INFO reply holds; each begins with 16 bits of its type. */
public final class NbdInfo {
  /** 64 bits of size, 16 bits of {@link NbdExportFlags}; always sent. */
  public static final int EXPORT = 0;

  /** The export's own name. */
  public static final int NAME = 1;

  /** A description for people. */
  public static final int DESCRIPTION = 2;

  /** 32 bits each: least block, preferred block, largest payload. */
  public static final int BLOCK_SIZE = 3;

  /** Bytes of {@link #EXPORT} with its type. */
  public static final int EXPORT_SIZE = 12;

  /** Bytes of {@link #BLOCK_SIZE} with its type. */
  public static final int BLOCK_SIZE_SIZE = 14;

  private NbdInfo() {}
}
