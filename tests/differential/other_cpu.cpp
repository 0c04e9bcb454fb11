// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/other_cpu.h"

#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "base/check.h"
#include "tests/differential/answer.h"

namespace smic::test {
namespace {

namespace fs = std::filesystem;

fs::path make_folder() {
  std::string name = (fs::temp_directory_path() / "smic-cpu-XXXXXX").string();
  SMIC_CHECK(mkdtemp(name.data()) != nullptr, "no temporary folder");
  return name;
}

// Starts a program; `io`, if given, becomes its standard input and output.
pid_t spawn(std::vector<std::string> words, int io) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (io >= 0) {
    posix_spawn_file_actions_adddup2(&actions, io, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, io, STDOUT_FILENO);
  }
  pid_t child = -1;
  const int failed =
      posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  SMIC_CHECK(failed == 0, words[0].c_str());
  return child;
}

int exit_code(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// What aarch64_runner.cpp reads: numbers of eight bytes, texts with their length.
class Message {
 public:
  void number(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) bytes.push_back(std::uint8_t(value >> shift));
  }
  void text(const contract::Slice& text) {
    number(text.size);
    bytes.insert(bytes.end(), text.data, text.data + text.size);
  }
  std::vector<std::uint8_t> bytes;
};

}  // namespace

EmulatedUnit::EmulatedUnit(std::span<const std::byte> aarch64_object, std::size_t header_slots)
    : folder_(make_folder()), header_slots_(header_slots) {
  link(aarch64_object);
  start();
}

EmulatedUnit::~EmulatedUnit() {
  close(socket_);  // the end of its input ends it
  exit_code(child_);
  fs::remove_all(folder_);
}

void EmulatedUnit::link(std::span<const std::byte> object) const {
  std::ofstream file(folder_ / "unit.o", std::ios::binary);
  file.write(reinterpret_cast<const char*>(object.data()),
             static_cast<std::streamsize>(object.size()));
  file.close();
  const pid_t linker = spawn(
      {SMIC_LLD, "-static", "-o", folder_ / "unit", SMIC_AARCH64_RUNNER, folder_ / "unit.o"}, -1);
  SMIC_CHECK(file && exit_code(linker) == 0, "an AArch64 object does not link");
}

// A socket and no pipes, so that a child that died is an error here and no signal.
void EmulatedUnit::start() {
  int ends[2];
  SMIC_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "no socket pair");
  socket_ = ends[0];
  child_ = spawn({SMIC_QEMU_AARCH64, folder_ / "unit"}, ends[1]);
  close(ends[1]);
}

void EmulatedUnit::match(const contract::RequestView& view, contract::Verdict& verdict) {
  Message request;
  request.text(view.path);
  request.number(view.method);
  request.number(view.source_class);
  request.number(header_slots_);
  for (std::size_t slot = 0; slot < header_slots_; ++slot) {
    request.number(view.headers[slot].count);
    for (std::size_t i = 0; i < view.headers[slot].count; ++i) {
      request.text(view.headers[slot].lines[i]);
    }
  }
  request.number(kEntropies.size());
  for (const std::uint64_t entropy : kEntropies) request.number(entropy);
  send(request.bytes);
  const std::vector<std::uint64_t> answer = receive();
  verdict.route = static_cast<std::uint32_t>(answer[0]);
  verdict.reserved = 0;
  std::copy_n(answer.begin() + 1, contract::kDestinationWords, verdict.allowed);
  picks_.assign(answer.begin() + 1 + contract::kDestinationWords, answer.end());
}

std::uint32_t EmulatedUnit::split(std::uint64_t entropy) const {
  const auto asked = std::ranges::find(kEntropies, entropy);
  return static_cast<std::uint32_t>(picks_[static_cast<std::size_t>(asked - kEntropies.begin())]);
}

void EmulatedUnit::send(const std::vector<std::uint8_t>& message) const {
  Message framed;
  framed.number(message.size());
  framed.bytes.insert(framed.bytes.end(), message.begin(), message.end());
  for (std::size_t done = 0; done < framed.bytes.size();) {
    const ssize_t put =
        ::send(socket_, framed.bytes.data() + done, framed.bytes.size() - done, MSG_NOSIGNAL);
    SMIC_CHECK(put > 0, "emulated code ended before its time");
    done += static_cast<std::size_t>(put);
  }
}

std::vector<std::uint64_t> EmulatedUnit::receive() const {
  constexpr std::size_t kNumbers = 1 + 1 + contract::kDestinationWords + kEntropies.size();
  std::vector<std::uint64_t> numbers(kNumbers);
  const ssize_t got = recv(socket_, numbers.data(), kNumbers * sizeof numbers[0], MSG_WAITALL);
  SMIC_CHECK(got == static_cast<ssize_t>(kNumbers * sizeof numbers[0]),
             "emulated code ended before its time");
  numbers.erase(numbers.begin());  // the length
  return numbers;
}

}  // namespace smic::test
