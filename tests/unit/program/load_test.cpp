// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "contract/image.h"
#include "runtime/program/program.h"
#include "tests/support/decisions.h"

using namespace smic;
using contract::Bytes;
using program::Engine;

namespace {

std::string refusal(std::span<const std::byte> bytes, Engine engine) {
  const auto program = program::load(bytes, engine);
  return program ? "loaded" : program.error().message;
}

// Start and access of every mapping of this process.
std::vector<std::string> mappings() {
  std::ifstream file("/proc/self/maps");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::string access_of(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  for (const std::string& line : mappings()) {
    std::uintptr_t from = 0, to = 0;
    char access[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, access) == 3 && from <= wanted &&
        wanted < to) {
      return access;
    }
  }
  return "not mapped";
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// Where the code of a program is, for looking at its memory.
struct Peek : program::Program {
  static const void* code(const program::Program& program) {
    return reinterpret_cast<const void*>(static_cast<const Peek&>(program).native_match_);
  }
};

}  // namespace

TEST_CASE("an image loads with both engines and tells its shape", "[program]") {
  const auto image = test::image_of(test::kCanaryUnit);
  for (const Engine engine : {Engine::native, Engine::portable}) {
    const auto program = program::load(image, engine);
    REQUIRE(program);
    CHECK((*program)->target() ==
          (engine == Engine::native ? codegen::targets()[0] : contract::kPortableTarget));
    CHECK((*program)->shape() == test::decide(test::kCanaryUnit).shape);
  }
}

TEST_CASE("code ends readable and executable, and no memory is ever writable and executable",
          "[program]") {
  const auto program = program::load(test::image_of(test::kCanaryUnit), Engine::native);
  REQUIRE(program);
  CHECK(access_of(Peek::code(**program)) == "r-xp");
  for (const std::string& line : mappings()) {
    INFO(line);
    CHECK(line.find(" rwx") == std::string::npos);
  }
}

TEST_CASE("code is unmapped when its last owner goes", "[program]") {
  auto keep = program::load(test::image_of(test::kPlainUnit), Engine::native);
  auto program = program::load(test::image_of(test::kCanaryUnit), Engine::native);
  REQUIRE((keep && program));
  const void* code = Peek::code(**program);
  auto copy = *program;
  program = fail("dropped");
  CHECK(access_of(code) == "r-xp");
  copy.reset();
  CHECK(access_of(code) != "r-xp");
}

TEST_CASE("the linker starts again after its last program went", "[program]") {
  for (int i = 0; i < 3; ++i) {
    CHECK(program::load(test::image_of(test::kPlainUnit), Engine::native));
  }
}

TEST_CASE("an image for another machine is interpreted, whoever asks", "[program]") {
  const std::string other = codegen::targets()[0] == "aarch64" ? "x86_64-v2" : "aarch64";
  const auto image = test::image_of(test::kCanaryUnit, other);
  for (const Engine engine : {Engine::native, Engine::portable}) {
    const auto program = program::load(image, engine);
    REQUIRE(program);
    CHECK(Peek::code(**program) == nullptr);
    CHECK((*program)->target() == contract::kPortableTarget);
  }
}

TEST_CASE("code runs if it is for a target that was chosen, and chosen is what the machine has",
          "[program]") {
  const program::Targets machine = Engine::native;
  const std::string& baseline = codegen::targets()[0];
  REQUIRE(machine.contains(baseline));
  CHECK(program::Targets(Engine::portable).names().empty());
  CHECK(*program::Targets::of({}) == Engine::portable);
  CHECK(*program::Targets::of(machine.names()) == machine);
  const std::string other = baseline == "aarch64" ? "x86_64-v2" : "aarch64";
  CHECK(program::Targets::of({baseline, other}).error().message ==
        "this machine runs no code for `" + other + "`");
  CHECK_FALSE(program::Targets::of({"portable"}));

  const auto only_baseline = program::Targets::of({baseline});
  REQUIRE(only_baseline);
  CHECK(only_baseline->names() == std::vector{baseline});
  for (const std::string& target : machine.names()) {
    const auto image = test::image_of(test::kCanaryUnit, target);
    CHECK((*program::load(image, machine))->target() == target);
    CHECK((*program::load(image, *only_baseline))->target() ==
          (target == baseline ? target : contract::kPortableTarget));
  }
}

TEST_CASE("an image of tables alone runs anywhere, by the proxy's own kernel", "[program]") {
  const auto decision = test::decide(test::kCanaryUnit);
  const auto tables = std::as_bytes(std::span(decision.tables));
  const contract::Image image{std::string(contract::kPortableTarget), decision.shape, tables,
                              tables};
  const auto bytes = contract::write_image(image);
  for (const Engine engine : {Engine::native, Engine::portable}) {
    const auto program = program::load(bytes, engine);
    REQUIRE(program);
    CHECK((*program)->target() == contract::kPortableTarget);
    CHECK(Peek::code(**program) == nullptr);
    CHECK((*program)->split(1, 0) == 0);
  }
  // Tables that are only a part of what is there are no such image.
  std::vector<std::byte> more(tables.begin(), tables.end());
  more.resize(more.size() + 8);
  const auto part = std::span<const std::byte>(more).first(tables.size());
  CHECK(refusal(contract::write_image({image.target, image.shape, more, part}), Engine::native) ==
        "load image: tables are not where the image says");
}

TEST_CASE("every truncation of an image is refused by both engines", "[program]") {
  const auto image = test::image_of(test::kPlainUnit);
  for (std::size_t size = 0; size < image.size(); ++size) {
    const Bytes cut(image.begin(), image.begin() + static_cast<std::ptrdiff_t>(size));
    REQUIRE_FALSE(program::load(cut, Engine::portable));
    if (size % 16 == 0) REQUIRE_FALSE(program::load(cut, Engine::native));
  }
}

TEST_CASE("a corrupted image is refused or loads, and what loads is safe to interpret",
          "[program]") {
  const auto good = test::image_of(test::kCanaryUnit);
  const contract::Slice line{"Firefox", 7};
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes bytes = good;
    bytes[at] ^= static_cast<std::byte>(at % 255 + 1);
    const auto program = program::load(bytes, Engine::portable);
    if (!program) continue;
    const std::vector<contract::HeaderSlot> slots((*program)->shape().header_slots.size(),
                                                  {&line, 1});
    contract::Verdict verdict;
    (*program)->match({{"/reviews/17", 11}, slots.data(), 1, 1}, verdict);
    REQUIRE(verdict.route < (*program)->shape().route_backends.size());
    (*program)->split(verdict.route, at * 0x9e3779b97f4a7c15);
  }
}

// The linker only sees what the structure check let pass, and survives all of that.
TEST_CASE("a corrupted object is refused or links", "[program]") {
  const auto good = test::image_of(test::kPlainUnit);
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes bytes = good;
    bytes[at] ^= std::byte{0x41};
    (void)program::load(bytes, Engine::native);
  }
}

TEST_CASE("an image whose header lies about its tables is refused", "[program]") {
  auto image = test::image_of(test::kPlainUnit);
  const auto read = contract::read_image(image);
  REQUIRE(read);
  contract::Image lying = *read;
  lying.tables = lying.tables.first(lying.tables.size() - 4);
  CHECK(refusal(contract::write_image(lying), Engine::portable) ==
        "load image: tables are not where the image says");
}

TEST_CASE("an image whose shape is not that of its tables is refused", "[program]") {
  const auto bytes = test::image_of(test::kPlainUnit);
  auto image = contract::read_image(bytes);
  REQUIRE(image);
  image->shape.route_backends = {1, 1};
  CHECK(refusal(contract::write_image(*image), Engine::native) != "loaded");
  CHECK(refusal(contract::write_image(*image), Engine::portable) != "loaded");
}

TEST_CASE("loading and unloading leaks nothing", "[program]") {
  const auto image = test::image_of(test::kCanaryUnit);
  const auto keep = program::load(image, Engine::native);
  const auto cycle = [&](int times) {
    for (int i = 0; i < times; ++i) REQUIRE(program::load(image, Engine::native));
  };
  cycle(100);  // pools fill
  const std::size_t maps = mappings().size();
  const std::size_t heap = mallinfo2().uordblks;
  const std::size_t resident = resident_bytes();
  cycle(1'000);
  CHECK(mappings().size() <= maps + 2);
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer) && \
    !__has_feature(thread_sanitizer)
  // A leak of 100 bytes per load would show as 100 KB; forgetting the JITDylib costs 12 MB.
  CHECK(mallinfo2().uordblks < heap + 64 * 1024);
  CHECK(resident_bytes() < resident + 1024 * 1024);
#else
  (void)heap;
  (void)resident;
#endif
}

TEST_CASE("images load and unload on several threads at once", "[program]") {
  const auto image = test::image_of(test::kCanaryUnit);
  std::atomic<int> loaded = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) loaded += program::load(image, Engine::native).has_value();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(loaded == 400);
}
