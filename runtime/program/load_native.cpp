// SPDX-License-Identifier: Apache-2.0
// LLVM's linking half, and nothing more of LLVM: ExecutionSession and ObjectLinkingLayer without
// LLJIT, which would pull in a code generator (27 MB instead of 2). JITLink writes a segment while
// it is writable and then makes it read+execute or read-only; nothing is ever both writable and
// executable.
//
// One session serves the process and ends with its last program. Every image has a JITDylib of its
// own, and removing that, not only what is in it, is what gives everything back: the resource
// tracker alone leaves 12 KB behind per image.
//
// Tested by tests/unit/program/load_test.cpp (thousands of loads, the memory map).
#include <llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h>
#include <llvm/ExecutionEngine/Orc/Core.h>
#include <llvm/ExecutionEngine/Orc/ExecutorProcessControl.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/Support/MemoryBuffer.h>

#include <mutex>

#include "runtime/program/load.h"

namespace smic::program {
namespace {

using namespace llvm::orc;

class Linker {
 public:
  // The process's linker: made when first needed, gone with the last program that holds it.
  static Result<std::shared_ptr<Linker>> shared() {
    static std::mutex mutex;
    static std::weak_ptr<Linker> existing;
    const std::lock_guard lock(mutex);
    if (auto linker = existing.lock()) return linker;
    auto control = SelfExecutorProcessControl::Create();
    if (!control) return fail("start the linker: " + llvm::toString(control.takeError()));
    auto linker = std::make_shared<Linker>(std::move(*control));
    existing = linker;
    return linker;
  }

  explicit Linker(std::unique_ptr<ExecutorProcessControl> control)
      : session_(std::move(control)),
        layer_(session_, session_.getExecutorProcessControl().getMemMgr()) {
    session_.setErrorReporter([this](llvm::Error error) {
      if (!reported_.empty()) reported_ += "; ";
      reported_ += llvm::toString(std::move(error));
    });
  }
  ~Linker() { llvm::consumeError(session_.endSession()); }

  // Fills `code` but for its owner.
  Result<JITDylib*> link(std::span<const std::byte> object, NativeCode& code) {
    const std::lock_guard lock(mutex_);
    JITDylib& library = session_.createBareJITDylib("image" + std::to_string(next_++));
    if (const auto linked = link_into(library, object, code); !linked) {
      remove_locked(library);
      return fail("link: " + linked.error().message);
    }
    return &library;
  }

  void remove(JITDylib& library) {
    const std::lock_guard lock(mutex_);
    remove_locked(library);
  }

 private:
  Result<void> link_into(JITDylib& library, std::span<const std::byte> object, NativeCode& code) {
    const llvm::StringRef bytes(reinterpret_cast<const char*>(object.data()), object.size());
    // A copy, because JITLink wants it aligned and alive until the last symbol is resolved.
    auto buffer = llvm::MemoryBuffer::getMemBufferCopy(bytes, "image");
    if (auto error = layer_.add(library, std::move(buffer))) {
      return fail(llvm::toString(std::move(error)));
    }
    const SymbolStringPtr match = session_.intern("smic_v1_match");
    const SymbolStringPtr split = session_.intern("smic_v1_split");
    auto found =
        session_.lookup(makeJITDylibSearchOrder(&library), SymbolLookupSet({match, split}));
    if (!found) return fail(described(found.takeError()));
    code.match = (*found)[match].getAddress().toPtr<contract::MatchFunction>();
    code.split = (*found)[split].getAddress().toPtr<contract::SplitFunction>();
    return {};
  }

  // What the session reported says more than the look-up that failed for it.
  std::string described(llvm::Error error) {
    const std::string text = llvm::toString(std::move(error));
    return reported_.empty() ? text : std::exchange(reported_, {});
  }

  void remove_locked(JITDylib& library) {
    llvm::consumeError(session_.removeJITDylib(library));
    reported_.clear();
  }

  std::mutex mutex_;
  ExecutionSession session_;
  ObjectLinkingLayer layer_;
  std::string reported_;
  std::uint64_t next_ = 0;
};

// Holds the linker too, so that it outlives what it linked.
struct Linked {
  std::shared_ptr<Linker> linker;
  JITDylib* library;
  ~Linked() { linker->remove(*library); }
};

}  // namespace

Result<NativeCode> link_native(std::span<const std::byte> object) {
  auto linker = Linker::shared();
  if (!linker) return std::unexpected(linker.error());
  NativeCode code;
  const auto library = (*linker)->link(object, code);
  if (!library) return std::unexpected(library.error());
  code.owner = std::shared_ptr<Linked>(new Linked{std::move(*linker), *library});
  return code;
}

}  // namespace smic::program
