// The clock of a playback. It runs only while something is played.

export class Player {
  /** @param {(time: number) => void} onTime called in each frame and after each change */
  constructor(onTime) {
    Object.assign(this, { onTime, time: 0, duration: 0, speed: 1, frame: 0, last: 0 })
  }

  get playing() {
    return this.frame !== 0
  }

  /** Changes the length of the plot; the share that is played stays. */
  setDuration(duration) {
    this.time = this.duration ? this.time * (duration / this.duration) : duration
    this.duration = duration
    this.onTime(this.time)
  }

  play() {
    if (this.playing) return
    if (this.time >= this.duration) this.time = 0
    this.last = performance.now()
    this.frame = requestAnimationFrame((now) => this.step(now))
  }

  step(now) {
    // A tab in the background gets no frames: the time away is not played.
    const passed = Math.min(0.25, Math.max(0, (now - this.last) / 1000))
    this.last = now
    this.time = Math.min(this.duration, this.time + passed * this.speed)
    this.frame = this.time < this.duration ? requestAnimationFrame((next) => this.step(next)) : 0
    this.onTime(this.time)
  }

  pause() {
    cancelAnimationFrame(this.frame)
    this.frame = 0
    this.onTime(this.time)
  }

  seek(time) {
    this.time = Math.min(this.duration, Math.max(0, time))
    this.onTime(this.time)
  }
}

/** Shows the drawing after the next stroke or before the last one. */
export function step(player, stage, direction) {
  player.pause()
  const { timeline } = stage
  const done = timeline.completed(player.time)
  if (direction > 0) player.seek(done < timeline.ends.length ? timeline.ends[done] : timeline.duration)
  else player.seek(done > 1 ? timeline.ends[done - 2] : 0)
}
