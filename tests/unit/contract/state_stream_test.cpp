// SPDX-License-Identifier: Apache-2.0
#include "contract/state_stream.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/states.h"

using namespace smic;
using namespace smic::contract;
using smic::test::Random;

namespace {

const SigningKey& key() {
  static const SigningKey key = SigningKey::generate();
  return key;
}

// What comes out of a text, or why it is refused.
struct Read {
  std::vector<Message> messages;
  std::string error;
  bool in_message = false;
};
Read read(std::string_view text, std::size_t piece = 0) {
  Read out;
  MessageReader reader([&](Message message) -> Result<void> {
    out.messages.push_back(std::move(message));
    return {};
  });
  while (!text.empty()) {
    const std::string_view part = text.substr(0, piece == 0 ? text.size() : piece);
    if (auto taken = reader.read(part); !taken) {
      out.error = taken.error().message;
      return out;
    }
    text.remove_prefix(part.size());
  }
  out.in_message = reader.in_message();
  return out;
}

struct Two {
  State a, b;
  Two() {
    Random random(21);
    const Manifest manifest = test::random_manifest(random);
    a = test::state_of(manifest, 1, 1);
    b = test::state_of(test::changed(manifest, random), 1, 2);
  }
};

}  // namespace

TEST_CASE("messages come out whole, in pieces of any size", "[state]") {
  const Two two;
  const std::string text = test::message_of(two.a, key()) + heartbeat_line(1) +
                           test::message_of(two.b, key(), &two.a) + heartbeat_line(2);
  for (const std::size_t piece : {0, 1, 2, 7, 100, 4096}) {
    const Read out = read(text, piece);
    INFO(out.error);
    REQUIRE(out.messages.size() == 2);
    CHECK_FALSE(out.in_message);
    CHECK(out.messages[0].head.base == 0);
    CHECK(out.messages[1].head.base == 1);
    CHECK(text ==
          out.messages[0].text + heartbeat_line(1) + out.messages[1].text + heartbeat_line(2));
  }
}

TEST_CASE("a message that was cut off never happened", "[state]") {
  const Two two;
  const std::string text = test::message_of(two.b, key(), &two.a);
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    const Read out = read(text.substr(0, cut));
    REQUIRE(out.messages.empty());
    REQUIRE(out.error.empty());
    REQUIRE(out.in_message);
  }
}

TEST_CASE("lines that do not belong are refused", "[state]") {
  const Two two;
  const std::string whole = test::message_of(two.a, key());
  const std::string delta = test::message_of(two.b, key(), &two.a);
  const std::string head = whole.substr(0, whole.find('\n') + 1);
  const std::string item =
      whole.substr(head.size(), whole.find('\n', head.size()) + 1 - head.size());
  const auto error = [](const std::string& text) { return read(text).error; };
  CHECK(error(item) == "an item stands outside of a state");
  CHECK(error(head + head) == "a state begins inside another");
  CHECK(error(head + item + item).starts_with("items are out of order at `local pod"));
  CHECK(error(head + end_line(2)) == "a state ends with another version than it began with");
  CHECK(error(end_line(1)).starts_with("this line is not understood"));
  CHECK(error("\n").starts_with("this line is not understood"));
  CHECK(error("{\"heartbeat\":01}\n").starts_with("this line is not understood"));
  CHECK(error("{\"heartbeat\":1} \n").starts_with("this line is not understood"));
  CHECK(error(head + heartbeat_line(1)).starts_with("this line is not understood"));
  CHECK(error(head + "{\"remove\":\"local pod 10.0.0.1\"}\n") == "a whole state removes something");
  CHECK(error(head + "{\"remove\":\"local pod 10.0.0.1\"\n")
            .starts_with("this line is not understood"));
  const std::string delta_head = delta.substr(0, delta.find('\n') + 1);
  CHECK(error(delta_head + "{\"remove\":\"nothing known\"}\n")
            .starts_with("this line is not understood"));
}

TEST_CASE("a line that does not end is not collected for ever", "[state]") {
  std::string error;
  MessageReader reader([](Message) -> Result<void> { return {}; });
  const std::string piece(1 << 20, 'x');
  for (std::size_t i = 0; i < kMaxItemLine / piece.size() + 2 && error.empty(); ++i) {
    if (auto taken = reader.read(piece); !taken) error = taken.error().message;
  }
  CHECK(error == "a line is too long");
}

TEST_CASE("what takes a message can end the reading", "[state]") {
  const Two two;
  int taken = 0;
  MessageReader reader([&](Message) -> Result<void> {
    ++taken;
    return fail("enough");
  });
  const auto done = reader.read(test::message_of(two.a, key()) + test::message_of(two.b, key()));
  CHECK(done.error().message == "enough");
  CHECK(taken == 1);
}

namespace {

std::string seed(const std::filesystem::path& name) {
  std::ifstream file("tests/fuzz/corpus/state" / name, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("code for targets comes, changes and goes by deltas; a seed of the fuzzer says so",
          "[state]") {
  const std::vector<std::string> good_cpu{"x86_64-v3", "x86_64-v2"}, old_cpu{"x86_64-v2"};
  State state;
  std::vector<std::string> on_good, on_old, tables;
  for (const Message& message : read(seed("code_for_targets")).messages) {
    auto next = advance(state, message);
    INFO((next ? "" : next.error().message));
    REQUIRE(next);
    state = std::move(*next);
    const Manifest manifest = manifest_of(state);
    REQUIRE(manifest.units.size() == 1);
    on_good.push_back(image_for(manifest.units[0], good_cpu).substr(7, 1));
    on_old.push_back(image_for(manifest.units[0], old_cpu).substr(7, 1));
    tables.push_back(image_for(manifest.units[0], {}).substr(7, 2));
    // What was read is written in the same words, so that a journal can be rewritten.
    CHECK(lines_of(state));
  }
  CHECK(on_good == std::vector<std::string>{"a", "c", "d", "a"});
  CHECK(on_old == std::vector<std::string>{"a", "b", "d", "a"});
  CHECK(tables == std::vector<std::string>(4, "ab"));
}
