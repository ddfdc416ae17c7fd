package io.clonedevice.engine;

/** A part of a request that met somebody else's claim and goes on when the claim is released. */
abstract class Waiter {
  private final Request request;

  Waiter(Request request) {
    this.request = request;
    request.addPart();
  }

  final Request request() {
    return request;
  }

  /** Routes the part again; on a thread that may run the request's continuations. */
  final void resume() {
    request.run(this::route);
  }

  /** The claim failed and the part fails with it. */
  final void fail(Throwable failure) {
    request.completed(failure);
  }

  abstract void route();
}
