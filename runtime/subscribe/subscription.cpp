// SPDX-License-Identifier: Apache-2.0
// The life of a subscription: what is on disk, then a watch after another, each until it breaks.
//
// Three ways for a state not to be taken, told apart by what helps. It cannot be had (an image, the
// connection): try again. It is not what was signed, or old, or another node's: begin again with
// the whole state, and never take that one. It cannot be enforced (an image that does not fit): say
// so and do not ask for that version again, since it would be the same.
//
// Tested by tests/integration/distribution_test.py.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <random>
#include <thread>

#include "base/log.h"
#include "contract/state_stream.h"
#include "runtime/subscribe/acknowledger.h"
#include "runtime/subscribe/blob_store.h"
#include "runtime/subscribe/files.h"
#include "runtime/subscribe/journal.h"
#include "runtime/subscribe/link.h"

namespace smic::subscribe {
namespace {

constexpr std::chrono::seconds kQuiet{1};

// For the value of a query parameter.
std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += "0123456789ABCDEF"[byte >> 4];
      out += "0123456789ABCDEF"[byte & 15];
    }
  }
  return out;
}

std::string named(const contract::Head& head) {
  return std::to_string(head.epoch) + '.' + std::to_string(head.version);
}

class Follower final : public Subscription {
 public:
  Follower(Options options, std::vector<Address> addresses, Enforce enforce, Journal journal,
           BlobStore blobs)
      : options_(std::move(options)),
        addresses_(std::move(addresses)),
        enforce_(std::move(enforce)),
        journal_(std::move(journal)),
        blobs_(std::move(blobs)),
        acknowledger_(stop_) {}

  ~Follower() override {
    stop_.stop();
    if (thread_.joinable()) thread_.join();
  }

  void begin() {
    restore();
    thread_ = std::thread([this] { run(); });
  }

  Figures figures() const override {
    const std::lock_guard lock(mutex_);
    return figures_;
  }

 private:
  // ---- what is on disk --------------------------------------------------------------------------

  void restore() {
    auto trust = read_trust();
    auto state = trust ? journal_.load(options_.node, *trust)
                       : Result<std::optional<contract::State>>(std::unexpected(trust.error()));
    if (state && !state->has_value()) return;
    if (!state) return refuse_disk(state.error().message);
    if (auto done = enforce(**state, nullptr); !done) return refuse_disk(done.error().message);
    state_ = std::move(**state);
    enforced();
    log_info("enforcing the last good state from disk", {{"version", named(state_.head)}});
  }

  void refuse_disk(const std::string& reason) {
    note_refusal(reason);
    log_error("the state on disk is refused", {{"reason", reason}});
  }

  // ---- following --------------------------------------------------------------------------------

  void run() {
    http::Backoff backoff(options_.backoff, std::random_device()());
    std::string trouble;
    for (std::size_t at = 0; !stop_.stopped(); ++at) {
      progress_ = false;
      const auto ended = follow(addresses_[at % addresses_.size()]);
      set_connected(false);
      if (stop_.stopped()) return;
      if (progress_) backoff.reset();
      patience_ = progress_ ? options_.connect_timeout
                            : std::min(2 * patience_, options_.longest_connect_timeout);
      const std::string reason = ended.error().told();
      if (progress_ || reason != trouble) {
        log_warning("no controller", {{"controller", options_.controllers[at % addresses_.size()]},
                                      {"reason", reason},
                                      {"version_in_force", named(state_.head)}});
      }
      trouble = reason;
      stop_.wait(backoff.next(ended.error().retry_after));
    }
  }

  // Until it breaks; so there is always an error in the end.
  http::Outcome<void> follow(const Address& address) {
    auto trust = read_trust();
    if (!trust) return http::fault(http::Fault::untrusted, trust.error().message);
    trust_ = std::move(*trust);
    to_ = {.address = address,
           .authorities = trust_.authorities,
           .token_file = options_.token_file,
           .connect_timeout = patience_};
    contract::MessageReader reader([this](contract::Message message) { return take(message); });
    Link link(to_, stop_);
    return link.follow(
        target(), options_.silence,
        [&](const Greeting& greeting) {
          // Behind one address may be several replicas. The one that is followed is the one to tell
          // what came of its states, and has the images that they name.
          to_.replica = greeting.replica;
          images_.emplace(to_, stop_);
          set_connected(true);
          told_ = {};
          log_info("following", {{"controller", address.host + ':' + std::to_string(address.port)},
                                 {"version", named(state_.head)}});
          if (state_.head.version != 0) acknowledger_.say(to_, {state_.head, ""});
        },
        [&](std::string_view piece) -> http::Outcome<void> {
          auto read = reader.read(piece);
          if (read) return {};
          if (!cut_off_) note_refusal(read.error().message);
          cut_off_ = false;
          return http::fault(http::Fault::unreadable, read.error().message);
        });
  }

  std::string target() const {
    std::string target = "/v1/watch?node=" + percent_encoded(options_.node);
    if (state_.head.version != 0) {
      target += "&epoch=" + std::to_string(state_.head.epoch) +
                "&from=" + std::to_string(state_.head.version);
      // Without them it tells how far we are, and asks for everything.
      if (!begin_again_) {
        target += "&mesh=" + contract::to_hex(state_.head.mesh) +
                  "&local=" + contract::to_hex(state_.head.local);
      }
    }
    if (refused_.version != 0) {
      target += "&refused=" + named(refused_);
    }
    target += "&targets=";
    if (options_.targets.empty()) target += contract::kPortableTarget;
    for (std::size_t i = 0; i < options_.targets.size(); ++i) {
      target += (i == 0 ? "" : ",") + percent_encoded(options_.targets[i]);
    }
    return target;
  }

  // ---- a message --------------------------------------------------------------------------------

  // An error ends the watch.
  Result<void> take(const contract::Message& message) {
    const contract::Head& head = message.head.signed_head.head;
    auto next = take_up(message);
    if (!next) {
      begin_again_ = true;
      return refuse(head, next.error().message);
    }
    cannot_be_had_.clear();
    const auto fetch = [this](const std::string& digest) { return fetched(digest); };
    if (auto done = enforce(*next, fetch); !done) {
      if (!cannot_be_had_.empty()) {
        cut_off_ = true;  // no fault of the state
        return fail(cannot_be_had_);
      }
      refused_ = head;
      return refuse(head, done.error().message);
    }
    state_ = std::move(*next);
    progress_ = true;
    begin_again_ = false;
    refused_ = {};
    acknowledger_.say(to_, {state_.head, ""});
    enforced();
    tell(message.delta);
    keep(message);
    return {};
  }

  // Endpoints may change a hundred times a second: then a line a second has to do.
  void tell(const contract::Delta& delta) {
    const auto now = http::Clock::now();
    const bool again = now - told_ < kQuiet;
    log_line(again ? LogLevel::debug : LogLevel::info, "enforcing",
             {{"version", named(state_.head)},
              {"set", std::to_string(delta.set.size())},
              {"removed", std::to_string(delta.removed.size())}});
    if (!again) told_ = now;
  }

  // A key that we do not know may have been published since.
  Result<contract::State> take_up(const contract::Message& message) {
    if (trust_.find(message.head.signed_head.head.key) == nullptr) {
      if (auto again = read_trust()) trust_.keys = again->keys;
    }
    return contract::take_up(state_, message, options_.node, trust_);
  }

  Result<void> refuse(const contract::Head& head, const std::string& reason) {
    log_error(
        "state refused",
        {{"version", named(head)}, {"reason", reason}, {"version_in_force", named(state_.head)}});
    if (head.node == options_.node) acknowledger_.say(to_, {head, reason});
    return fail("refused: " + reason);
  }

  Result<void> enforce(const contract::State& state, const Blobs& fetch) {
    return enforce_(contract::manifest_of(state), [&](const std::string& digest) {
      auto image = blobs_.get(digest);
      return image || !fetch ? std::move(image) : fetch(digest);
    });
  }

  Result<contract::Bytes> fetched(const std::string& digest) {
    const auto body =
        images_->ask({.target = "/v1/images/" + digest + "?node=" + percent_encoded(options_.node)},
                     contract::kMaxImageBytes);
    if (!body) {
      cannot_be_had_ = "image " + digest + ": " + body.error().told();
      return fail(cannot_be_had_);
    }
    const auto* bytes = reinterpret_cast<const std::byte*>(body->data());
    contract::Bytes image(bytes, bytes + body->size());
    if (contract::digest_of(image) != digest)
      return fail("image " + digest + " came with other bytes");
    if (auto kept = blobs_.put(digest, image); !kept) tell_once(kept.error().message);
    const std::lock_guard lock(mutex_);
    ++figures_.images_fetched;
    return image;
  }

  void keep(const contract::Message& message) {
    if (auto kept = journal_.keep(message, state_); !kept) return tell_once(kept.error().message);
    disk_trouble_.clear();
    if (!journal_.rewritten()) return;
    std::set<std::string> digests;
    for (const auto& unit : contract::manifest_of(state_).units) {
      digests.insert(contract::image_for(*unit, options_.targets));
    }
    blobs_.keep_only(digests);
  }

  // A disk that fails holds up nothing but itself.
  void tell_once(const std::string& trouble) {
    if (trouble != disk_trouble_) log_error("the state cannot be kept", {{"reason", trouble}});
    disk_trouble_ = trouble;
  }

  // ---- bookkeeping ------------------------------------------------------------------------------

  Result<contract::Trust> read_trust() const {
    const auto text = read_file(options_.trust_file, contract::kMaxTrustBytes);
    if (!text) return std::unexpected(text.error());
    return contract::trust_from_pem(*text);
  }

  void enforced() {
    const std::lock_guard lock(mutex_);
    figures_.epoch = state_.head.epoch;
    figures_.version = state_.head.version;
    ++figures_.taken;
  }
  void set_connected(bool connected) {
    const std::lock_guard lock(mutex_);
    figures_.connected = connected;
    if (connected) ++figures_.connections;
  }
  void note_refusal(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    ++figures_.refused;
    figures_.last_refusal = reason;
  }

  const Options options_;
  const std::vector<Address> addresses_;
  const Enforce enforce_;
  Journal journal_;
  BlobStore blobs_;

  http::Stop stop_;
  contract::State state_;
  contract::Trust trust_;
  std::chrono::milliseconds patience_ = options_.connect_timeout;
  contract::Head refused_;     // that could not be enforced
  bool begin_again_ = false;   // the whole state is wanted
  bool progress_ = false;      // something was taken on this connection
  bool cut_off_ = false;       // reading was ended for want of an image
  std::string cannot_be_had_;  // why
  std::string disk_trouble_;
  http::Clock::time_point told_{};  // what is enforced, in the log
  LinkOptions to_;
  std::optional<Link> images_;

  mutable std::mutex mutex_;
  Figures figures_;
  Acknowledger acknowledger_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Subscription>> Subscription::start(Options options, Enforce enforce) {
  std::vector<Address> addresses;
  for (const std::string& url : options.controllers) {
    auto address = controller_address(url);
    if (!address) return std::unexpected(address.error());
    addresses.push_back(std::move(*address));
  }
  if (addresses.empty()) return fail("there is no controller to follow");
  auto journal = Journal::open(options.directory);
  if (!journal) return std::unexpected(journal.error());
  auto blobs = BlobStore::open(std::filesystem::path(options.directory) / "images");
  if (!blobs) return std::unexpected(blobs.error());
  auto follower =
      std::make_unique<Follower>(std::move(options), std::move(addresses), std::move(enforce),
                                 std::move(*journal), std::move(*blobs));
  follower->begin();
  return std::unique_ptr<Subscription>(std::move(follower));
}

}  // namespace smic::subscribe
