// SPDX-License-Identifier: Apache-2.0
// What a stream still has to send: writers from any thread on one side, the connection on the
// other. It outlives the connection when a writer holds on to it.
#pragma once

#include <mutex>
#include <vector>

#include "controller/api/route.h"

namespace smic::api {

class Outbox final : public Stream {
 public:
  // `wake` is called, with the lock held, whenever take() has something to tell.
  Outbox(std::size_t limit, std::function<void()> wake) : limit_(limit), wake_(std::move(wake)) {}

  using Stream::write;
  bool write(Piece piece) override;
  void end() override;
  bool gone() const override;
  std::size_t waiting() const override;
  void on_gone(std::function<void()> told) override;
  void on_drained(std::function<void()> told) override;

  struct Batch {
    std::vector<Piece> pieces;
    bool ended = false;  // nothing comes after these
    bool cut = false;    // the client was too slow
  };
  Batch take();               // for the connection, when it can send
  void close(bool all_sent);  // by the connection: from now on nobody is woken

 private:
  mutable std::mutex mutex_;
  const std::size_t limit_;
  std::vector<Piece> pieces_;
  std::size_t waiting_ = 0, sending_ = 0;
  bool ended_ = false, gone_ = false;
  std::function<void()> wake_;
  std::function<void()> told_, drained_;
};

}  // namespace smic::api
