// SPDX-License-Identifier: Apache-2.0
#include "compiler/codegen/codegen.h"

#include <elf.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <thread>

#include "compiler/codegen/code_shape.h"
#include "contract/object.h"
#include "tests/support/decisions.h"

using namespace smic;
using test::decide;

namespace {

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// As many patterns as that, an op each at least.
std::string unit_with_paths(std::size_t patterns) {
  std::string text = "unit a/b:1 http permissive\n";
  std::string any;
  for (std::size_t i = 0; i < patterns; ++i) {
    const std::string id = std::to_string(i);
    text += " match m" + id + " = path ~ \"/p" + id + "/[0-9]+/x\"\n";
    any += (i ? " or m" : "m") + id;
  }
  return text + " route r0 when " + any + " -> a/c:1\n route r1 -> a/b:1\n" +
         " allow to any from any\n";
}

}  // namespace

TEST_CASE("an object for every target holds what an image may hold", "[codegen]") {
  for (const std::string& target : codegen::targets()) {
    for (const auto unit : {test::kPlainUnit, test::kCanaryUnit}) {
      const auto decision = decide(unit);
      const auto object = codegen::emit_object(decision, target);
      REQUIRE(object);
      const auto layout = contract::check_object(*object, target);
      INFO((layout ? "" : layout.error().message));
      REQUIRE(layout);
      CHECK(std::ranges::equal(layout->tables, std::as_bytes(std::span(decision.tables))));
    }
  }
}

TEST_CASE("an object is for the machine that was asked for", "[codegen]") {
  for (const std::string& target : codegen::targets()) {
    const auto object = codegen::emit_object(decide(test::kCanaryUnit), target);
    REQUIRE(object);
    Elf64_Ehdr header;
    std::memcpy(&header, object->data(), sizeof header);
    CHECK(header.e_machine == (target == "aarch64" ? EM_AARCH64 : EM_X86_64));
  }
}

TEST_CASE("an image tells the shape of its unit and where its tables are", "[codegen]") {
  const auto decision = decide(test::kCanaryUnit);
  const auto bytes = test::image_of(test::kCanaryUnit);
  const auto image = contract::read_image(bytes);
  REQUIRE(image);
  CHECK(image->target == codegen::targets()[0]);
  CHECK(image->shape == decision.shape);
  CHECK(image->shape.header_slots == std::vector<std::string>{"user-agent"});
  CHECK(image->shape.route_backends == std::vector<std::uint32_t>{2, 1});
  CHECK(std::ranges::equal(image->tables, std::as_bytes(std::span(decision.tables))));
}

TEST_CASE("the same unit gives the same bytes, on any thread", "[codegen]") {
  const auto decision = decide(test::kCanaryUnit);
  for (const std::string& target : codegen::targets()) {
    const auto first = codegen::emit_image(decision, target);
    REQUIRE(first);
    Result<contract::Bytes> other;
    std::thread([&] { other = codegen::emit_image(decision, target); }).join();
    CHECK(other == first);
    // Not only remembered: text is made anew each time.
    CHECK(codegen::emit_assembly(decision, target) == codegen::emit_assembly(decision, target));
  }
}

TEST_CASE("units compile on several threads at once", "[codegen]") {
  std::vector<decision::Decision> decisions;
  for (int weight = 1; weight <= 24; ++weight) {
    decisions.push_back(decide("unit a/b:1 http permissive\n route r0 -> split { a/c:1 = " +
                               std::to_string(weight) + ", a/d:1 = 7 }\n allow to any from any\n"));
  }
  std::vector<Result<contract::Bytes>> images(decisions.size());
  const auto compile = [&](std::size_t from) {
    for (std::size_t i = from; i < decisions.size(); i += 4) {
      images[i] = codegen::emit_image(decisions[i], codegen::targets()[0]);
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i) threads.emplace_back(compile, i);
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    CHECK(images[i] == codegen::emit_image(decisions[i], codegen::targets()[0]));
  }
}

TEST_CASE("nothing unneeded is left in the code of a unit without patterns", "[codegen]") {
  const std::string code = codegen::emit_llvm(decide(test::kPlainUnit), codegen::targets()[0]);
  INFO(code);
  CHECK(count(code, "call ") == 0);
  CHECK(count(code, "phi ") == 0);  // no loops
  CHECK(count(code, "define ") == 2);
}

TEST_CASE("permissive access without rules is constants alone", "[codegen]") {
  const std::string code = codegen::emit_llvm(
      decide("unit a/b:1 http permissive\n route r -> a/b:1\n allow to any from any\n"),
      codegen::targets()[0]);
  INFO(code);
  CHECK(count(code, "load ") == 0);
  CHECK(count(code, "br ") <= 1);  // the split's own, on the route
}

TEST_CASE("a split of two is one comparison", "[codegen]") {
  const std::string code = codegen::emit_llvm(
      decide("unit a/b:1 http permissive\n route r -> split { a/c:1 = 90, a/d:1 = 10 }\n"
             " allow to any from any\n"),
      codegen::targets()[0]);
  INFO(code);
  CHECK(count(code, "icmp uge i64") == 1);
  CHECK(count(code, "mul i128") == 1);
  CHECK(code.find("100") == std::string::npos);  // the weights are the tables'
}

TEST_CASE("a unit with two templates calls no kernel, and has its texts from the tables",
          "[codegen]") {
  for (const std::string& target : codegen::targets()) {
    const std::string code = codegen::emit_llvm(decide(R"(
unit a/b:1 http permissive
  match m0 = path ~ "/orders/[0-9]+$"
  match m1 = path ~ "/carts/[^/]+/items"
  route r0 when m0 or m1 -> a/c:1
  route r1 -> a/b:1
  allow to any from any
)"),
                                                target);
    INFO(code);
    CHECK(count(code, "smic_kernel") == 0);
    CHECK(count(code, "@smic_v1_tables") > 1);
    CHECK(count(code, "icmp eq i64") + count(code, "xor i64") > 0);  // eight bytes at a time
  }
}

TEST_CASE("header conditions are asked of the kernel, for one leaf", "[codegen]") {
  const std::string code = codegen::emit_llvm(decide(test::kCanaryUnit), codegen::targets()[0]);
  INFO(code);
  CHECK(count(code, "call void @smic_kernel_leaf(ptr @smic_v1_tables") == 1);
  CHECK(count(code, "@smic_kernel_match") == 0);
  CHECK(count(code, "@smic_kernel_split") == 0);
}

TEST_CASE("a unit with many patterns hands its tables to the kernel", "[codegen]") {
  const std::string code =
      codegen::emit_llvm(decide(unit_with_paths(codegen::kMaxPathOps)), codegen::targets()[0]);
  INFO(code);
  CHECK(count(code, "call void @smic_kernel_match(ptr @smic_v1_tables") == 1);
}

TEST_CASE("what would only call the kernel is an image of tables, the same for every CPU",
          "[codegen]") {
  const auto decision = decide(unit_with_paths(codegen::kMaxPathOps));
  const auto first = codegen::emit_image(decision, codegen::targets()[0]);
  REQUIRE(first);
  const auto image = contract::read_image(*first);
  REQUIRE(image);
  CHECK(image->target == contract::kPortableTarget);
  CHECK(std::ranges::equal(image->object, std::as_bytes(std::span(decision.tables))));
  CHECK(image->object.data() == image->tables.data());
  for (const std::string& target : codegen::targets()) {
    CHECK(codegen::emit_image(decision, target) == first);
  }
  CHECK_FALSE(codegen::figures_of(decision).match_is_code);
}

TEST_CASE("assembly names the functions of the ABI", "[codegen]") {
  for (const std::string& target : codegen::targets()) {
    const std::string text = codegen::emit_assembly(decide(test::kCanaryUnit), target);
    CHECK(count(text, "smic_v1_match:") == 1);
    CHECK(count(text, "smic_v1_split:") == 1);
  }
}

TEST_CASE("what cannot be made into an image is an error", "[codegen]") {
  const auto decision = decide(test::kPlainUnit);
  CHECK(codegen::emit_image(decision, "vax").error().message == "target `vax` is not known");
  auto beyond = decision;
  beyond.shape.destinations = contract::kMaxDestinations + 1;
  CHECK(codegen::emit_image(beyond, codegen::targets()[0]).error().message ==
        "shape has too many destinations");
}
