import type uPlot from 'uplot';
import type { AgentEvents } from '../../schema/agent-api.ts';
import { colour } from './dom.ts';

type Event = AgentEvents['events'][number];

/** Draws a dashed line at each event that concerns the pair or the host. */
export const markers = (eventsOf: () => readonly Event[]): uPlot.Plugin => ({
  hooks: {
    drawClear: (plot) => {
      const { ctx, bbox } = plot;
      ctx.save();
      ctx.beginPath();
      ctx.strokeStyle = colour('bad');
      ctx.lineWidth = window.devicePixelRatio;
      ctx.setLineDash([4 * window.devicePixelRatio, 3 * window.devicePixelRatio]);
      for (const { at } of eventsOf()) {
        const x = Math.round(plot.valToPos(Date.parse(at) / 1000, 'x', true));
        if (x < bbox.left || x > bbox.left + bbox.width) continue;
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
      }
      ctx.stroke();
      ctx.restore();
    },
  },
});
