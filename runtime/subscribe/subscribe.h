// SPDX-License-Identifier: Apache-2.0
// The front door of runtime/subscribe: a proxy's side of distribution. Follows a controller, hands
// every state on that stands up to questions, says what came of it, and keeps the last good one on
// disk, so that a proxy that starts without a controller serves what it served before.
//   journal.h      the last good state in a file, in the words in which it came
//   blob_store.h   images by digest, on disk
//   link.h         HTTPS to one controller: the watch, an image, an acknowledgement
//   acknowledger.h says what was enforced, without holding anything up
//
// What comes is judged by contract/state.h: signature, node, age, digests. Nothing is believed
// because of where it came from, neither the stream nor the disk.
//
// Deliberately absent: the proxy. What enforces is a function that is handed in, and returns when
// the last worker uses what it was given.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "contract/contract.h"
#include "http/http.h"

namespace smic::subscribe {

struct Options {
  std::vector<std::string> controllers;  // "https://HOST[:PORT]"; the next one when one fails
  std::string trust_file;                // contract::Trust in PEM, read for every connection
  std::string token_file;                // read for every request
  std::string node;
  std::string directory;             // of the last good state
  std::vector<std::string> targets;  // whose code is run here, the best first; the controller is
                                     // told, and images of others are not kept
  http::Backoff::Limits backoff{std::chrono::milliseconds(200), std::chrono::milliseconds(15'000)};
  // For the first try; twice as long each time that nothing came of it, as who is slow under a
  // crowd must be told from who is not there at all.
  std::chrono::milliseconds connect_timeout{2'000};
  std::chrono::milliseconds longest_connect_timeout{10'000};
  // Nothing came: nobody is there. Less, where the controller says how often its heart beats.
  std::chrono::milliseconds silence{35'000};
};

// Fetches an image, or says why it cannot be had.
using Blobs = std::function<Result<contract::Bytes>(const std::string& digest)>;
using Enforce = std::function<Result<void>(const contract::Manifest&, const Blobs&)>;

struct Figures {
  bool connected = false;
  std::uint64_t epoch = 0, version = 0;  // enforced
  std::uint64_t connections = 0;         // made since the start
  std::uint64_t taken = 0;               // versions enforced since the start
  std::uint64_t refused = 0;             // versions refused since the start
  std::uint64_t images_fetched = 0;
  std::string last_refusal;
};

class Subscription {
 public:
  // Enforces what is on disk, if it is good, before it returns; then follows on a thread of its
  // own. Fails if the directory cannot be used or an address is none.
  static Result<std::unique_ptr<Subscription>> start(Options options, Enforce enforce);

  virtual ~Subscription() = default;  // stops
  virtual Figures figures() const = 0;
};

// The host and port of "https://HOST[:PORT]".
struct Address {
  std::string host;
  std::uint16_t port = 443;

  bool operator==(const Address&) const = default;
};
Result<Address> controller_address(const std::string& url);

}  // namespace smic::subscribe
