// SPDX-License-Identifier: Apache-2.0
// Heads: written, signed, read back in one spelling, and judged.
#include <boost/json.hpp>

#include "base/log.h"
#include "contract/state.h"

namespace smic::contract {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxHeadLine = 4096;
constexpr std::size_t kMaxNode = 253;  // of a DNS name

// What is signed has a name, so that a signature of something else is never one of a head.
constexpr std::string_view kPurpose = "smic state\n";

std::string json_of(const Head& head) {
  return "{\"format\":" + std::to_string(head.format) + ",\"node\":\"" + json_escape(head.node) +
         "\",\"epoch\":" + std::to_string(head.epoch) +
         ",\"version\":" + std::to_string(head.version) + ",\"mesh\":\"" + digest_text(head.mesh) +
         "\",\"local\":\"" + digest_text(head.local) + "\",\"key\":\"" + json_escape(head.key) +
         "\"}";
}

std::string signed_text(const Head& head) { return std::string(kPurpose) + json_of(head); }

// The fields of an object, taken one by one. What is not there or of another type is remembered.
class Fields {
 public:
  explicit Fields(const json::object* object) : object_(object), good_(object != nullptr) {}

  bool good() const { return good_; }

  std::string text(std::string_view name) {
    const json::value* value = find(name);
    const json::string* text = value == nullptr ? nullptr : value->if_string();
    good_ = good_ && text != nullptr;
    return text == nullptr ? std::string() : std::string(text->data(), text->size());
  }
  std::uint64_t number(std::string_view name, std::uint64_t most) {
    const json::value* value = find(name);
    const std::int64_t* number = value == nullptr ? nullptr : value->if_int64();
    good_ =
        good_ && number != nullptr && *number >= 0 && static_cast<std::uint64_t>(*number) <= most;
    return good_ ? static_cast<std::uint64_t>(*number) : 0;
  }
  Hash hash(std::string_view name) {
    const auto hash = hash_from_digest(text(name));
    good_ = good_ && hash.has_value();
    return hash.value_or(Hash{});
  }
  const json::object* object(std::string_view name) {
    const json::value* value = find(name);
    return value == nullptr ? nullptr : value->if_object();
  }

 private:
  const json::value* find(std::string_view name) const {
    return object_ == nullptr ? nullptr : object_->if_contains(name);
  }

  const json::object* object_;
  bool good_;
};

Head head_of(Fields& fields) {
  Head head;
  head.format = static_cast<std::uint32_t>(fields.number("format", UINT32_MAX));
  head.node = fields.text("node");
  head.epoch = fields.number("epoch", kMostVersion);
  head.version = fields.number("version", kMostVersion);
  head.mesh = fields.hash("mesh");
  head.local = fields.hash("local");
  head.key = fields.text("key");
  return head;
}

std::string number_pair(std::uint64_t offered, std::uint64_t enforced) {
  return std::to_string(offered) + ", and " + std::to_string(enforced) + " is enforced";
}

// The head alone, before anything is made of its items.
Result<void> acceptable(const State& from, const HeadLine& line, const std::string& node) {
  const Head& head = line.signed_head.head;
  if (head.node != node) {
    return fail("it is meant for the node `" + json_escape(head.node) + "`, and this is `" + node +
                "`");
  }
  if (head.epoch < from.head.epoch) {
    return fail("downgrade or replay: it has epoch " + number_pair(head.epoch, from.head.epoch));
  }
  if (head.version <= from.head.version) {
    return fail("downgrade or replay: it has version " +
                number_pair(head.version, from.head.version));
  }
  if (line.base != 0 && line.base != from.head.version) {
    return fail("it starts from version " + number_pair(line.base, from.head.version));
  }
  return {};
}

}  // namespace

SignedHead sign(Head head, const SigningKey& key) {
  head.key = key.verifying().id();
  const Signature signature = key.sign(signed_text(head));
  return {std::move(head), signature};
}

Result<void> verify(const SignedHead& signed_head, const Trust& trust) {
  const Head& head = signed_head.head;
  const VerifyingKey* key = trust.find(head.key);
  if (key == nullptr)
    return fail("it is signed by a key that is not trusted: " + json_escape(head.key));
  if (!key->verifies(signed_text(head), signed_head.signature)) {
    return fail("its signature is wrong");
  }
  return {};
}

std::string head_line(const SignedHead& head, std::uint64_t base) {
  return "{\"state\":" + json_of(head.head) + ",\"base\":" + std::to_string(base) +
         ",\"signature\":\"" + to_hex(head.signature) + "\"}";
}

Result<HeadLine> read_head_line(std::string_view line) {
  if (line.size() > kMaxHeadLine) return fail("a state's head is too long");
  json::error_code error;
  json::parse_options options;
  options.max_depth = 4;
  const json::value document = json::parse(line, error, {}, options);
  if (error) return fail("a state's head is no JSON: " + error.message());
  Fields outer(document.if_object());
  Fields state(outer.object("state"));
  HeadLine read;
  read.signed_head.head = head_of(state);
  read.base = outer.number("base", kMostVersion);
  const std::string signature = outer.text("signature");
  if (read.signed_head.head.format != kStateFormat && state.good()) {
    return fail("the state has format " + std::to_string(read.signed_head.head.format) +
                ", and this program reads " + std::to_string(kStateFormat));
  }
  if (!outer.good() || !state.good() || read.signed_head.head.node.size() > kMaxNode ||
      !from_hex(signature, read.signed_head.signature)) {
    return fail("a state's head lacks a field, or one is not what it should be");
  }
  // What was signed is what was read: there is one spelling.
  if (head_line(read.signed_head, read.base) != line) {
    return fail("a state's head is not in its canonical spelling");
  }
  return read;
}

Result<State> take_up(const State& from, const Message& message, const std::string& node,
                      const Trust& trust) {
  const Head& head = message.head.signed_head.head;
  const std::string what = "version " + std::to_string(head.version);
  if (auto good = verify(message.head.signed_head, trust); !good)
    return fail(good.error().with(what).message);
  if (auto good = acceptable(from, message.head, node); !good)
    return fail(good.error().with(what).message);
  auto next = advance(from, message);
  if (!next) return fail(next, what);
  return next;
}

}  // namespace smic::contract
