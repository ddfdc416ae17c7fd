package io.clonedevice.examples.nbd;

/** Metadata contexts, and the states that extents have in them. */
public final class NbdContext {
  /** Whether an extent is allocated and whether it reads zeroes. */
  public static final String ALLOCATION = "base:allocation";

  /** Whether an extent is hydrated; a context of this project. */
  public static final String HYDRATION = "x-clonedevice:hydration";

  /** State in {@link #ALLOCATION}: not allocated. */
  public static final int STATE_HOLE = 1;

  /** State in {@link #ALLOCATION}: reads as zeroes. */
  public static final int STATE_ZERO = 1 << 1;

  /** State in {@link #HYDRATION}: the valid data is still on the source. */
  public static final int STATE_UNHYDRATED = 1;

  /** Bytes of one extent in a reply: length and state. */
  public static final int EXTENT_SIZE = 8;

  private NbdContext() {}
}
