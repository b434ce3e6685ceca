// Records from the vCPU's thread to JavaScript's: one writer, one reader, memory allocated and touched beforehand.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tscope::kvm {

enum class RecordKind : int64_t {
  kDelivery = 0,     // the guest's handler reported an interrupt
  kEntered = 1,      // the thread starts, or goes on, to run the guest
  kLeft = 2,         // it stopped running the guest, as asked
  kInterrupted = 3,  // a signal that nobody here sent made it leave; it goes back at once
  kSetting = 4,      // about to set the local APIC's state, just before it enters the guest
  kSet = 5,          // the local APIC's state is set
};

// kind, ktime (ns), host TSC, CPU time of the vCPU's thread (ns)
constexpr size_t kRecordWords = 4;

class Ring {
 public:
  explicit Ring(size_t records) : words_(records * kRecordWords), capacity_(records) {}

  // By the writer. Counts a record that finds no room.
  void Push(const int64_t (&record)[kRecordWords]) {
    const size_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) == capacity_) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    int64_t* slot = words_.data() + head % capacity_ * kRecordWords;
    for (size_t i = 0; i < kRecordWords; i++) slot[i] = record[i];
    head_.store(head + 1, std::memory_order_release);
  }

  // By the reader: moves up to `records` into `out` and answers how many.
  size_t Drain(int64_t* out, size_t records) {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    const size_t ready = head_.load(std::memory_order_acquire) - tail;
    const size_t count = ready < records ? ready : records;
    for (size_t i = 0; i < count; i++) {
      const int64_t* slot = words_.data() + (tail + i) % capacity_ * kRecordWords;
      for (size_t word = 0; word < kRecordWords; word++) *out++ = slot[word];
    }
    tail_.store(tail + count, std::memory_order_release);
    return count;
  }

  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  std::vector<int64_t> words_;
  const size_t capacity_;
  std::atomic<size_t> head_{0}, tail_{0};
  std::atomic<uint64_t> dropped_{0};
};

}  // namespace tscope::kvm
