package io.clonedevice.metadata;

/**
 * What may be done with the metadata, from everything to nothing.
 *
 * <pre>
 *   READ_WRITE --- a commit failed ---> READ_ONLY --- cannot be read any more ---> FAIL
 *        ^--- reopenReadWrite() --------'
 * </pre>
 *
 * Nothing leaves {@link #FAIL}.
 */
public enum MetadataMode {
  /** Regions can be marked and committed. */
  READ_WRITE("rw", "read-write"),
  /** What is known can be read; nothing can be marked or committed. */
  READ_ONLY("ro", "read-only"),
  /** The metadata cannot be read any more; all I/O of the device fails. */
  FAIL("Fail", "fail");

  private final String statusWord;
  private final String description;

  MetadataMode(String statusWord, String description) {
    this.statusWord = statusWord;
    this.description = description;
  }

  /**
   * Returns the word that dm-clone's status line uses.
   *
   * @return {@code rw}, {@code ro} or {@code Fail}
   */
  public String statusWord() {
    return statusWord;
  }

  /**
   * Returns the words that dm-clone's log line {@code Switching to ... mode} uses.
   *
   * @return {@code read-write}, {@code read-only} or {@code fail}
   */
  public String description() {
    return description;
  }
}
