/**
 * For tests of programs that embed a clone device or a block store, and of this library itself.
 *
 * <p>Begin with {@link io.clonedevice.testing.CloneFixture}: a device in memory, with everything
 * that a test may want to do to it. Which class answers which question:
 *
 * <table>
 *   <caption>Questions</caption>
 *   <tr><th>what happens when …</th><th>class</th></tr>
 *   <tr><td>… a call fails: once, for a while, for ever, half done, of a full medium?</td>
 *       <td>{@link io.clonedevice.testing.FaultyBlockStore}</td></tr>
 *   <tr><td>… one thing comes before another, or a call hangs?</td>
 *       <td>{@link io.clonedevice.testing.GatedBlockStore}</td></tr>
 *   <tr><td>… power fails, at any instant?</td>
 *       <td>{@link io.clonedevice.testing.CloneFixture#cutPower(java.util.Random)}, {@link
 *       io.clonedevice.testing.CrashingMedia}, {@link
 *       io.clonedevice.testing.CrashingBlockStore}</td></tr>
 *   <tr><td>… an hour passes, or nothing moves until the test moves it?</td>
 *       <td>{@link io.clonedevice.testing.SteppedRuntime}</td></tr>
 *   <tr><td>… the source is slow?</td>
 *       <td>{@link io.clonedevice.testing.SlowBlockStore}</td></tr>
 *   <tr><td>Which calls were made, in which order?</td>
 *       <td>{@link io.clonedevice.testing.RecordingBlockStore}, {@link
 *       io.clonedevice.testing.CallJournal}</td></tr>
 *   <tr><td>Does my own backend keep the promises of a block store?</td>
 *       <td>{@link io.clonedevice.testing.BlockStoreContract}</td></tr>
 *   <tr><td>How does a random test fail the same way again?</td>
 *       <td>{@link io.clonedevice.testing.Seed}</td></tr>
 * </table>
 *
 * <h2>A fixture in a JUnit test</h2>
 *
 * <p>{@link io.clonedevice.testing.CloneDeviceExtension} makes a fixture for each test and closes
 * it; a test that leaves something open fails.
 *
 * <pre>{@code
 * @RegisterExtension
 * final CloneDeviceExtension clones =
 *     new CloneDeviceExtension(CloneFixture.builder().randomSource(1 << 20, 7));
 *
 * @Test
 * void whatIsDurableSurvivesAPowerCut(CloneFixture clone) throws Exception {
 *   clone.device().writeDurably(512, ByteBuffer.wrap(record)).join();
 *   clone.cutPower(Seed.random());
 *   assertArrayEquals(record, read(clone.device(), 512));
 * }
 * }</pre>
 *
 * <h2>A fault at every call</h2>
 *
 * <p>Not only at the call that one thinks of: at the first, the second, and so on, until the
 * program ends without meeting the fault.
 *
 * <pre>{@code
 * boolean metFault = true;
 * for (long n = 0; metFault; n++) {
 *   try (CloneFixture clone = CloneFixture.builder().build()) {
 *     FaultyBlockStore source = clone.source().faults();
 *     source.failCall(n);
 *     backUp(clone.device());
 *     metFault = source.faultCount() > 0;
 *   }
 * }
 * }</pre>
 *
 * <h2>An order, with a gate</h2>
 *
 * <p>No sleeping: a gate holds calls until the test lets them go.
 *
 * <pre>{@code
 * GatedBlockStore source = clone.source().gate();
 * source.hold();
 * CompletableFuture<Void> write = clone.device().write(512, ByteBuffer.wrap(record));
 * source.awaitWaiting(1); // for the rest of the region
 * assertFalse(write.isDone());
 * source.open();
 * write.join();
 * }</pre>
 *
 * <h2>Crash states</h2>
 *
 * <p>Every instant at which power may fail, and at each of them what the media may then hold. The
 * fixture is {@linkplain io.clonedevice.testing.CloneFixture.Builder#stepped() stepped}: only one
 * thing happens at a time.
 *
 * <pre>{@code
 * CrashingMedia media = clone.crashingMedia();
 * media.beforeEachChange(
 *     () -> {
 *       for (List<CrashingBlockStore> left : media.crashStates(100, random)) {
 *         checkWhatIsThere(clone.restartedOn(left));
 *       }
 *     });
 * clone.steps().await(clone.device().writeDurably(512, ByteBuffer.wrap(record)));
 * }</pre>
 *
 * <h2>What to rely on</h2>
 *
 * <p><b>Stability.</b> The package is a part of the API like any other: it follows semantic
 * versioning from the first release on. What an injected fault says and which crash states a seed
 * samples may change in any version.
 *
 * <p><b>Dependencies.</b> {@link io.clonedevice.testing.CloneDeviceExtension} needs JUnit Jupiter,
 * {@link io.clonedevice.testing.BlockStoreContract} needs AssertJ as well: of your test scope, they
 * are not passed on. Nothing else needs a test framework; what a fixture or a runtime has to
 * complain about is an {@link java.lang.AssertionError}.
 *
 * <p><b>Threads.</b> All methods of the stores, of the journal and of {@link
 * io.clonedevice.testing.Seed} may be called from any thread. A fixture and its media are for the
 * thread of the test, and so is a stepped runtime.
 */
package io.clonedevice.testing;
