package io.clonedevice.dm;

/** The words of the text forms. */
final class Names {
  static final String CLONE = "clone";

  static final String NO_HYDRATION = "no_hydration";
  static final String NO_DISCARD_PASSDOWN = "no_discard_passdown";

  static final String HYDRATION_THRESHOLD = "hydration_threshold";
  static final String HYDRATION_BATCH_SIZE = "hydration_batch_size";

  static final String ENABLE_HYDRATION = "enable_hydration";
  static final String DISABLE_HYDRATION = "disable_hydration";

  /** What to do about a bad message. */
  static final String MESSAGES =
      "give one of "
          + String.join(
              ", ",
              ENABLE_HYDRATION,
              DISABLE_HYDRATION,
              HYDRATION_THRESHOLD + " N",
              HYDRATION_BATCH_SIZE + " N");

  private Names() {}
}
